# Shows another owner.
# subsubtests: runsleep
if [ "$SUBCOMMAND" = top ]; then
    real "${WORDS[@]}" | sed 's/^root/user/; s/ root / user /'
    exit "${PIPESTATUS[0]}"
fi
