# Calls the removal of a container by another name.
if [ "$SUBCOMMAND" = events ]; then
    exec "$DOCKER" "$@" > >(sed -u 's/ destroy / delete /; s/"Action":"destroy"/"Action":"delete"/')
fi
