# Leaves out folders that are empty.
# subsubtests: folders
if [ "$SUBCOMMAND" = cp ]; then
    real "${WORDS[@]}" || exit
    target=${WORDS[*]: -1}
    [ ! -d "$target" ] || find "$target" -mindepth 1 -type d -empty -delete
    exit 0
fi
