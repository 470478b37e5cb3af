# Ends with status 0 although nothing could be pulled.
# subsubtests: wrong_tag, wrong_registry_addr
case "$SUBCOMMAND" in
    pull)
        real "${WORDS[@]}"
        exit 0
        ;;
esac
