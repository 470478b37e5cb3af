# Tells on standard output what the container writes on standard error.
# subsubtests: short_term_app
if [ "$SUBCOMMAND" = start ]; then
    exec "$DOCKER" "$@" 2>&1
fi
