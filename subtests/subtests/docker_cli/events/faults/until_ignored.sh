# Reports what happened after the time that was asked for.
if [ "$SUBCOMMAND" = events ]; then
    words=()
    for word in "${WORDS[@]}"; do
        [ "$before" = --until ] && [[ "$word" =~ ^[0-9.]+$ ]] && word=$(date +%s.%N)
        before=$word
        words+=("$word")
    done
    exec "$DOCKER" "${GLOBALS[@]}" "${words[@]}"
fi
