# Takes no notice of the filter for an action.
if [ "$SUBCOMMAND" = events ]; then
    words=()
    for word in "${WORDS[@]}"; do
        [[ "$word" == event=* ]] && word=type=container
        words+=("$word")
    done
    exec "$DOCKER" "${GLOBALS[@]}" "${words[@]}"
fi
