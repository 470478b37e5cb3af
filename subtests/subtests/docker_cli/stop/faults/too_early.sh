# Is back before the container has ended.
# subsubtests: nice
if [ "$SUBCOMMAND" = stop ]; then
    real "${WORDS[@]}" >/dev/null 2>&1 &
    echo "${!#}"
    exit 0
fi
