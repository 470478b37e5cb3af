# Shows a port that is not the one of the container.
# subsubtests: expose
if [ "$SUBCOMMAND" = port ]; then
    real "${WORDS[@]}" | sed -E 's/[0-9]$/x/; s/x$/0/; t; s/$/1/' | sed -E 's/:([0-9]+)$/:1\1/'
    exit 0
fi
