# Shows again what it showed before.
# subsubtests: loops
if [ "$SUBCOMMAND" = top ]; then
    kept=$FAULT_STATE/${WORDS[1]}
    [ -e "$kept" ] || real "${WORDS[@]}" >"$kept" || { status=$?; rm -f "$kept"; exit "$status"; }
    cat "$kept"
    exit 0
fi
