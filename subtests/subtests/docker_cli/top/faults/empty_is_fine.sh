# Shows nothing of a container that does not run, and calls that a success.
# subsubtests: loops, refused
if [ "$SUBCOMMAND" = top ]; then
    real "${WORDS[@]}" 2>"$FAULT_STATE/stderr" && exit
    grep -q 'is not running' "$FAULT_STATE/stderr" && exit 0
    cat "$FAULT_STATE/stderr" >&2
    exit 1
fi
