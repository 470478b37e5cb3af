# Does not wait for the container that it is told to attach to.
# subsubtests: short_term_app
if [ "$SUBCOMMAND" = start ]; then
    exec "$DOCKER" "${GLOBALS[@]}" start "${!#}"
fi
