# Takes from the cache although `--no-cache` is asked for.
# subsubtests: cache
if [ "$SUBCOMMAND" = build ]; then
    exec "$DOCKER" "${GLOBALS[@]}" "${WORDS[@]/#--no-cache=true/--no-cache=false}"
fi
