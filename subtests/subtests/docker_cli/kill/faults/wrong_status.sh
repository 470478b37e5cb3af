# Does all as it must, and ends with status 0 whatever happened.
# subsubtests: bad
if [ "$SUBCOMMAND" = kill ]; then
    real "${WORDS[@]}"
    exit 0
fi
