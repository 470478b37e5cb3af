# Shows only the first process.
# subsubtests: loops
if [ "$SUBCOMMAND" = top ]; then
    real "${WORDS[@]}" | sed -n 1,2p
    exit "${PIPESTATUS[0]}"
fi
