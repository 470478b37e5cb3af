# Gives ten seconds, whatever is asked for.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = restart ]; then
    exec "$DOCKER" "${GLOBALS[@]}" restart "${!#}"
fi
