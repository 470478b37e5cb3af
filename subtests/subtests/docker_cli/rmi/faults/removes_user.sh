# Refuses to remove the image in use, but removes the container that uses it.
# subsubtests: with_blocking_container_by_id
case "$SUBCOMMAND" in
    rmi)
        refusal=$(real "${WORDS[@]}" 2>&1)
        real ps --all --quiet --filter "ancestor=${!#}" | xargs -r "$DOCKER" rm --force >/dev/null
        echo "$refusal" >&2
        exit 1
        ;;
esac
