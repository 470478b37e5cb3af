# Gives ten seconds, whatever is asked for.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = stop ]; then
    exec "$DOCKER" "${GLOBALS[@]}" stop "${!#}"
fi
