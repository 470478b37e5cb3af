# Does not wait for those that take their time.
# subsubtests: wait_first
if [ "$SUBCOMMAND" = wait ]; then
    for name in "${WORDS[@]:1}"; do
        real inspect --format '{{.State.ExitCode}}' "$name"
    done
    exit 0
fi
