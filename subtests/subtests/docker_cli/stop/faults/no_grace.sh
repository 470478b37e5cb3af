# Gives no time, whatever is asked for.
# subsubtests: force
if [ "$SUBCOMMAND" = stop ]; then
    exec "$DOCKER" "${GLOBALS[@]}" stop -t 0 "${!#}"
fi
