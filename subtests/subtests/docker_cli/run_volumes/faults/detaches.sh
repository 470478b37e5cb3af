# Runs the container in the background although that was not asked for, and prints its id.
# subsubtests: volumes_rw
if [ "$SUBCOMMAND" = run ]; then
    real run --detach "${WORDS[@]:1}"
    exit
fi
