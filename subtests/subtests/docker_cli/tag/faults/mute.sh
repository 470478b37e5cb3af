# Does not say why a name is refused.
# subsubtests: bad_names
case "$SUBCOMMAND" in
    tag)
        real "${WORDS[@]}" 2>/dev/null
        exit
        ;;
esac
