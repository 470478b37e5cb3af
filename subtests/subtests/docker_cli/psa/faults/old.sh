# Says that all containers were created two hours ago.
if [ "$SUBCOMMAND" = ps ]; then
    real "${WORDS[@]}" | sed -E 's/"   ([0-9]+ seconds?|Less than a second) ago/"   2 hours ago/'
    exit 0
fi
