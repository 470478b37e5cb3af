# Prints a short id.
# subsubtests: good
case "$SUBCOMMAND" in
    commit)
        real "${WORDS[@]}" | cut -c8-19
        exit "${PIPESTATUS[0]}"
        ;;
esac
