# Reports nothing of the past, and calls that a success.
if [ "$SUBCOMMAND" = events ] && [[ " ${WORDS[*]} " == *" --until "* ]]; then
    real "${WORDS[@]}" >/dev/null
    exit
fi
