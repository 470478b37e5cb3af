# Does not tell which containers are missing.
# subsubtests: wait_missing
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}" 2>/dev/null
    exit
fi
