# Reports each event twice.
if [ "$SUBCOMMAND" = events ]; then
    exec "$DOCKER" "$@" > >(sed -u p)
fi
