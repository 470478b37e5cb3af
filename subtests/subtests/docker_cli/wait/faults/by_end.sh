# Prints the statuses in the order in which the containers end.
# subsubtests: wait_first
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}" | sort -r
    exit 0
fi
