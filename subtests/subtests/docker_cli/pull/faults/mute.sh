# Fails without a reason.
# subsubtests: wrong_registry_addr
case "$SUBCOMMAND" in
    pull)
        real "${WORDS[@]}" 2>/dev/null
        exit
        ;;
esac
