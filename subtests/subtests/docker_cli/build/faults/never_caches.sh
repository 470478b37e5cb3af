# Makes every layer again although it was made before.
# subsubtests: cache
if [ "$SUBCOMMAND" = build ]; then
    exec "$DOCKER" "${GLOBALS[@]}" "${WORDS[@]/#--no-cache=false/--no-cache=true}"
fi
