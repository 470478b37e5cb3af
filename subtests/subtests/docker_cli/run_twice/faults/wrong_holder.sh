# Names another container as the one that has the name.
if [ "$SUBCOMMAND" = run ]; then
    { real "${WORDS[@]}" 2>&1 >&3 | sed -E 's/\b[0-9a-f]{63}/000000000000000000000000000000000000000000000000000000000000000/' >&2; } 3>&1
    exit "${PIPESTATUS[0]}"
fi
