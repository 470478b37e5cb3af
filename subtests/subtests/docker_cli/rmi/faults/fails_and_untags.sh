# Refuses to remove the image in use, but takes its name, as engines did in 2014.
# subsubtests: with_blocking_container_by_tag
case "$SUBCOMMAND" in
    rmi)
        refusal=$(real "${WORDS[@]}" 2>&1)
        real rmi --force "${!#}" >/dev/null
        echo "$refusal" >&2
        exit 1
        ;;
esac
