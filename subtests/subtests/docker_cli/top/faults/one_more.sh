# Shows a process that is not in the container.
# subsubtests: runsleep, loops
if [ "$SUBCOMMAND" = top ]; then
    pid=$(real inspect --format '{{.State.Pid}}' "${WORDS[1]}") || exit 1
    shown=$(real "${WORDS[@]}") || exit
    echo "$shown"
    echo "$shown" | sed -E "1d; s/\\b$pid\\b/$(printf "%-${#pid}s" 1)/" | grep -m 1 '\b1 '
    exit 0
fi
