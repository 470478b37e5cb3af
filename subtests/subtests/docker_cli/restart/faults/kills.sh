# Kills the container in place of asking it to end.
# subsubtests: nice
if [ "$SUBCOMMAND" = restart ]; then
    real kill "${!#}" >/dev/null
    real wait "${!#}" >/dev/null
    exec "$DOCKER" "${GLOBALS[@]}" start "${!#}"
fi
