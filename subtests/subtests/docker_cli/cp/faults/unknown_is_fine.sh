# Calls a copy of what is not there a success.
# subsubtests: bad
if [ "$SUBCOMMAND" = cp ]; then
    real "${WORDS[@]}" 2>/dev/null
    exit 0
fi
