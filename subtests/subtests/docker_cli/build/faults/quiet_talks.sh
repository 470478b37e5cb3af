# Talks on standard output although it was to be quiet.
# subsubtests: bad_quiet
if [ "$SUBCOMMAND" = build ]; then
    exec "$DOCKER" "${GLOBALS[@]}" "${WORDS[@]/#--quiet=true/--quiet=false}"
fi
