# Prints the names beside the statuses.
# subsubtests: no_wait
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}" | paste - <(printf '%s\n' "${WORDS[@]:1}")
    exit 0
fi
