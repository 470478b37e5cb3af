# Restarts the container to look at it.
# subsubtests: runsleep
if [ "$SUBCOMMAND" = top ]; then
    real restart --time 0 "${WORDS[1]}" >/dev/null 2>&1
fi
