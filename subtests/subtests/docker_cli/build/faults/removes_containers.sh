# Removes the containers of a build although they were to be kept.
# subsubtests: rm_false
if [ "$SUBCOMMAND" = build ]; then
    exec "$DOCKER" "${GLOBALS[@]}" "${WORDS[@]/#--rm=false/--rm=true}"
fi
