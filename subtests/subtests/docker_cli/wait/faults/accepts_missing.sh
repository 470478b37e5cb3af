# Ends with status 0 although a container is missing.
# subsubtests: wait_missing
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}"
    exit 0
fi
