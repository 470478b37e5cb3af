# Refuses the second container without a word.
if [ "$SUBCOMMAND" = run ] || [ "$SUBCOMMAND" = create ]; then
    real "${WORDS[@]}" 2>/dev/null
    exit
fi
