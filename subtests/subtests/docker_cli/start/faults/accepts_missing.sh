# Finds nothing wrong with a container that there is not.
# subsubtests: simple
if [ "$SUBCOMMAND" = start ]; then
    real "${WORDS[@]}" 2>/dev/null || echo "${!#}"
    exit 0
fi
