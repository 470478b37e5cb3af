# Tells status 0 for every container.
# subsubtests: Multi
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}" | sed 's/.*/0/'
    exit 0
fi
