# Refuses, and does not say which container.
# subsubtests: refused
if [ "$SUBCOMMAND" = top ]; then
    real "${WORDS[@]}" 2>/dev/null && exit
    echo 'Error response from daemon: not found' >&2
    exit 1
fi
