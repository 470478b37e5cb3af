# Takes each of the container's streams for the other one.
# subsubtests: run_streams
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}" 3>&1 1>&2 2>&3
    exit
fi
