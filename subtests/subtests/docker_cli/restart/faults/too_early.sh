# Is back before the container has ended and been started.
# subsubtests: nice
if [ "$SUBCOMMAND" = restart ]; then
    real "${WORDS[@]}" >/dev/null 2>&1 &
    echo "${!#}"
    exit 0
fi
