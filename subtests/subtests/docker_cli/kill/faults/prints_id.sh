# Prints the container's id in place of the name that was given.
# subsubtests: random_num, stress_parallel
if [ "$SUBCOMMAND" = kill ]; then
    real "${WORDS[@]}" >/dev/null || exit
    real inspect --format '{{.Id}}' "${!#}"
    exit 0
fi
