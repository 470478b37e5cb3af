# Kills at once in place of asking first.
# subsubtests: nice
if [ "$SUBCOMMAND" = stop ]; then
    exec "$DOCKER" "${GLOBALS[@]}" kill "${!#}"
fi
