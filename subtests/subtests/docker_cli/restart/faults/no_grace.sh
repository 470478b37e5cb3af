# Gives no time, whatever is asked for.
# subsubtests: nice
if [ "$SUBCOMMAND" = restart ]; then
    exec "$DOCKER" "${GLOBALS[@]}" restart -t 0 "${!#}"
fi
