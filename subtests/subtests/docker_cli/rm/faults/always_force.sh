# Removes what runs without being told to use force.
# subsubtests: forced
if [ "$SUBCOMMAND" = rm ]; then
    exec "$DOCKER" "${GLOBALS[@]}" rm --force "${WORDS[@]:1}"
fi
