# Restarts twice.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = restart ]; then
    real "${WORDS[@]}" >/dev/null
fi
