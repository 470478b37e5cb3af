# Waits for the first container only.
# subsubtests: no_wait
if [ "$SUBCOMMAND" = wait ]; then
    exec "$DOCKER" "${GLOBALS[@]}" wait "${WORDS[1]}"
fi
