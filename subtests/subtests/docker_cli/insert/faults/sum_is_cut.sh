# Loses the last line of what a container prints.
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}" | sed '$d'
    exit 0
fi
