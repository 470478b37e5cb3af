# Stops, and ends with status 1.
# subsubtests: nice
if [ "$SUBCOMMAND" = stop ]; then
    real "${WORDS[@]}"
    exit 1
fi
