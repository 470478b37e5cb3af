# Starts the container, which runs already, without stopping it first.
# subsubtests: nice
if [ "$SUBCOMMAND" = restart ]; then
    exec "$DOCKER" "${GLOBALS[@]}" start "${!#}"
fi
