# Does not wait for the others when one is missing.
# subsubtests: wait_missing
if [ "$SUBCOMMAND" = wait ]; then
    for name in "${WORDS[@]:1}"; do
        real inspect "$name" >/dev/null 2>&1 && continue
        echo "Error response from daemon: No such container: $name" >&2
        missing=1
    done
    [ -z "$missing" ] || exit 1
fi
