# Reports only when it is ended, nothing as it happens.
if [ "$SUBCOMMAND" = events ]; then
    exec "$DOCKER" "$@" > >(lines=$(cat); printf '%s' "${lines:+$lines$'\n'}")
fi
