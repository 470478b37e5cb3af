# Refuses the archive that is cut off without a word.
# subsubtests: truncated
if [ "$SUBCOMMAND" = import ]; then
    real "${WORDS[@]}" 2>/dev/null
    exit
fi
