# Ends with status 0 although no engine answered.
# subsubtests: unreachable
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}"
    exit 0
fi
