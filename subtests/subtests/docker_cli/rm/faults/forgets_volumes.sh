# Leaves the volume that has no name.
if [ "$SUBCOMMAND" = rm ]; then
    for word in "${WORDS[@]}"; do
        [ "$word" = --volumes ] || kept+=("$word")
    done
    exec "$DOCKER" "${GLOBALS[@]}" "${kept[@]}"
fi
