# Builds the image, and ends with a status that says it has not.
# subsubtests: local_path
if [ "$SUBCOMMAND" = build ]; then
    real "${WORDS[@]}"
    exit 1
fi
