# Is back long after a container with a command of its own has ended.
# subsubtests: Simple
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}"
    status=$?
    sleep 5
    exit $status
fi
