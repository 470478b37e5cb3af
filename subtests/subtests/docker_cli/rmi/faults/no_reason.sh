# Does not tell which container is in the way.
# subsubtests: with_blocking_container_by_tag
case "$SUBCOMMAND" in
    rmi)
        real "${WORDS[@]}" 2>/dev/null && exit 0
        echo "Error response from daemon: conflict: unable to remove repository reference (must force)" >&2
        exit 1
        ;;
esac
