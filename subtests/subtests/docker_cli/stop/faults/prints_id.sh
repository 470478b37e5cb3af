# Prints the id in place of the name that it was told.
# subsubtests: nice
if [ "$SUBCOMMAND" = stop ]; then
    id=$(real inspect --format '{{.Id}}' "${!#}" 2>/dev/null)
    real "${WORDS[@]}" >/dev/null || exit
    echo "$id"
    exit 0
fi
