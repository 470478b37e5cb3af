# Shows each container's name beside the id of the next one.
if [ "$SUBCOMMAND" = ps ] && [[ " ${WORDS[*]} " == *" --all "* ]]; then
    real "${WORDS[@]}" > "$FAULT_STATE/table"
    sed -E 's/^(.{64}).*/\1/' "$FAULT_STATE/table" | awk 'NR > 1 { print }' > "$FAULT_STATE/ids"
    sed -n 2p "$FAULT_STATE/ids" > "$FAULT_STATE/next"; sed 1,2d "$FAULT_STATE/ids" >> "$FAULT_STATE/next"
    sed -n 1p "$FAULT_STATE/ids" >> "$FAULT_STATE/next"
    head -1 "$FAULT_STATE/table"
    tail -n +2 "$FAULT_STATE/table" | cut -c65- | paste -d '' "$FAULT_STATE/next" -
    exit 0
fi
