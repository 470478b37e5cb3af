# Refuses the unknown command with another status.
if [ "$SUBCOMMAND" = insert ]; then
    real "${WORDS[@]}"
    exit 3
fi
