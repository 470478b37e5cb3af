# Runs the container, and prints the id of another one.
if [ "$SUBCOMMAND" = run ]; then
    id=$(real "${WORDS[@]}") || exit
    image=$(real inspect --format '{{.Image}}' "$id")
    # It goes by itself, for nobody else knows it.
    real run --detach --rm --network=none "$image" sleep 5
    exit
fi
