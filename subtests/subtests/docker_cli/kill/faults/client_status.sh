# The client of a killed container ends with status 0.
# subsubtests: random_num, stress
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}"
    exit 0
fi
