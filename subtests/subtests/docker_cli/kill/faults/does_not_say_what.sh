# Refuses, and does not say what.
# subsubtests: bad
if [ "$SUBCOMMAND" = kill ]; then
    real "${WORDS[@]}" 2>/dev/null && exit
    echo 'Error response from daemon: bad request' >&2
    exit 1
fi
