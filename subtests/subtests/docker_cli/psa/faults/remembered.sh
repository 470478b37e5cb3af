# Shows for ever the table that it showed first.
if [ "$SUBCOMMAND" = ps ]; then
    kept="$FAULT_STATE/$(printf '%s' "${WORDS[*]}" | md5sum | cut -c1-32)"
    [ -e "$kept" ] || real "${WORDS[@]}" > "$kept"
    cat "$kept"
    exit 0
fi
