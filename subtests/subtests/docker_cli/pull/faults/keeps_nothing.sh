# Tells that all has come, and removes it again.
# subsubtests: good
case "$SUBCOMMAND" in
    pull)
        real "${WORDS[@]}" || exit
        real rmi "${!#}" >/dev/null
        exit 0
        ;;
esac
