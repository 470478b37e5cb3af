# Does not remove the container that it was to remove.
# subsubtests: run_true
if [ "$SUBCOMMAND" = run ]; then
    kept=()
    for word in "${WORDS[@]}"; do [ "$word" = --rm ] || kept+=("$word"); done
    real "${kept[@]}"
    exit
fi
