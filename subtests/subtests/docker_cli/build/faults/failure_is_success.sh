# Says that a build succeeded whose instruction failed.
# subsubtests: bad, bad_quiet
if [ "$SUBCOMMAND" = build ]; then
    real "${WORDS[@]}"
    exit 0
fi
