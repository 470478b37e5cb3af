# Shows the header only.
# subsubtests: runsleep
if [ "$SUBCOMMAND" = top ]; then
    real "${WORDS[@]}" | sed -n 1p
    exit "${PIPESTATUS[0]}"
fi
