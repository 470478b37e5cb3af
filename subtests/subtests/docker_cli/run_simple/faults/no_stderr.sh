# Keeps to itself what the container writes to its standard error.
# subsubtests: run_streams
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}" 2>/dev/null
    exit
fi
