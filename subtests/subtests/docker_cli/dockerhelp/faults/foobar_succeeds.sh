# Complains about an unknown command, and calls that a success.
# subsubtests: help_simple
if [ "$SUBCOMMAND" = foobar ]; then
    real "${WORDS[@]}"
    exit 0
fi
