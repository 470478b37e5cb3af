# Removes also a container that is to be kept.
# subsubtests: run_true
if [ "$SUBCOMMAND" = run ]; then
    kept=()
    for word in "${WORDS[@]}"; do kept+=("${word/--rm=false/--rm}"); done
    real "${kept[@]}"
    exit
fi
