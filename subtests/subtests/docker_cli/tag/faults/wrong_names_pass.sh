# Ends with status 0 although the name is refused.
# subsubtests: bad_names
case "$SUBCOMMAND" in
    tag)
        real "${WORDS[@]}"
        exit 0
        ;;
esac
