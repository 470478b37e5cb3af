# Says nothing of networks that a container joins or leaves.
if [ "$SUBCOMMAND" = events ]; then
    exec "$DOCKER" "$@" > >(sed -u '/ network /d')
fi
