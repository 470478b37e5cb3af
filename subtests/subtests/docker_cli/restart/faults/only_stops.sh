# Stops the container and does not start it again.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = restart ]; then
    exec "$DOCKER" "${GLOBALS[@]}" stop "${WORDS[@]:1}"
fi
