# Prints a line of its own beside what the container prints.
# subsubtests: volumes_rw
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}"
    status=$?
    echo finished
    exit $status
fi
