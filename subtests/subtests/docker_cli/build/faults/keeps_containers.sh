# Keeps the containers of a build although they were to be removed.
# subsubtests: local_path, onbuild
if [ "$SUBCOMMAND" = build ]; then
    exec "$DOCKER" "${GLOBALS[@]}" "${WORDS[@]/#--rm=true/--rm=false}"
fi
