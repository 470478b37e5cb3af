# Loses the end of a long file.
# subsubtests: every_last, folders
if [ "$SUBCOMMAND" = cp ]; then
    real "${WORDS[@]}" || exit
    target=${WORDS[*]: -1}
    if [ -d "$target" ]; then
        find "$target" -type f -size +64k -exec truncate --size=64K {} +
    fi
    exit 0
fi
