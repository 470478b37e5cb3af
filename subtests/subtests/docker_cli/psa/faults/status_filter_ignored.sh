# Takes no notice of the filter `status`, the last one.
if [ "$SUBCOMMAND" = ps ] && [[ "${WORDS[*]}" == *status=* ]]; then
    real "${WORDS[@]:0:${#WORDS[@]}-2}"
    exit
fi
