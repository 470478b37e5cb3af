# Says for ever what it said first of an engine.
# subsubtests: own_settings
if [ "$SUBCOMMAND" = info ]; then
    kept="$FAULT_STATE/$(printf '%s' "$*" | md5sum | cut -c1-32)"
    [ -s "$kept" ] || real "${WORDS[@]}" > "$kept" || exit
    cat "$kept"
    exit 0
fi
