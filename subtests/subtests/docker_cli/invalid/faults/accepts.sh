# Runs the image in spite of an unknown option.
# subsubtests: option
if [ "$SUBCOMMAND" = run ]; then
    kept=()
    for word in "${WORDS[@]}"; do [ "$word" = -@ ] || kept+=("$word"); done
    real "${kept[@]}"
    exit
fi
