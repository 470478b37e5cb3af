# Shows the numbers that processes have in the container.
# subsubtests: runsleep
if [ "$SUBCOMMAND" = top ]; then
    pid=$(real inspect --format '{{.State.Pid}}' "${WORDS[1]}") || exit 1
    real "${WORDS[@]}" | sed -E "s/\\b$pid\\b/$(printf "%-${#pid}s" 1)/"
    exit "${PIPESTATUS[0]}"
fi
