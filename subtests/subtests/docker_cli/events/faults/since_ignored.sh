# Reports what happened before the time that was asked for.
if [ "$SUBCOMMAND" = events ]; then
    words=()
    for word in "${WORDS[@]}"; do
        [ "$before" = --since ] && [[ "$word" =~ ^[0-9.]+$ ]] && word=0
        before=$word
        words+=("$word")
    done
    exec "$DOCKER" "${GLOBALS[@]}" "${words[@]}"
fi
