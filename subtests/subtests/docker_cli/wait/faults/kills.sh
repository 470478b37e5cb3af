# Ends the containers in place of waiting for them.
# subsubtests: Simple
if [ "$SUBCOMMAND" = wait ]; then
    real kill "${WORDS[@]:1}" >/dev/null
fi
