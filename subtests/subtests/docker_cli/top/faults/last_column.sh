# Leaves out the last column.
# subsubtests: runsleep
if [ "$SUBCOMMAND" = top ]; then
    real "${WORDS[@]}" | sed -E 's/ +(COMMAND|CMD|sleep 5m)$//'
    exit "${PIPESTATUS[0]}"
fi
