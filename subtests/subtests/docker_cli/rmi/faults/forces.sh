# Removes what is in use, as if it were forced.
# subsubtests: with_blocking_container_by_tag, with_blocking_container_by_id
case "$SUBCOMMAND" in
    rmi)
        real rmi --force "${!#}"
        exit
        ;;
esac
