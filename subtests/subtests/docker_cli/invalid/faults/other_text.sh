# Says of an image that nobody has what is true of another one.
# subsubtests: image
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}" 2>"$FAULT_STATE/err"
    status=$?
    sed s/abc_123/abc123/ "$FAULT_STATE/err" >&2
    exit "$status"
fi
