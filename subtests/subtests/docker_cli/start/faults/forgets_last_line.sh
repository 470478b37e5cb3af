# Drops the last line of what the container writes.
# subsubtests: short_term_app
if [ "$SUBCOMMAND" = start ]; then
    real "${WORDS[@]}" | sed '$d'
    exit "${PIPESTATUS[0]}"
fi
