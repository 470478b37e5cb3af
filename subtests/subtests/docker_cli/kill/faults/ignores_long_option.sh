# Takes `--signal=` for nothing, so that it is KILL that is sent.
# subsubtests: random_num, stress_parallel
if [ "$SUBCOMMAND" = kill ]; then
    for word in "${WORDS[@]}"; do
        case "$word" in --signal=*) ;; *) kept+=("$word") ;; esac
    done
    real "${kept[@]}"
    exit
fi
