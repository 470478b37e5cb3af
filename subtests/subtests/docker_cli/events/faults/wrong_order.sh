# Reports the past with the newest event first.
if [ "$SUBCOMMAND" = events ] && [[ " ${WORDS[*]} " == *" --until "* ]]; then
    real "${WORDS[@]}" | tac
    exit "${PIPESTATUS[0]}"
fi
