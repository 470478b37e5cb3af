# Copies the file that was asked for first again and again.
# subsubtests: every_last
if [ "$SUBCOMMAND" = cp ]; then
    [ -e "$FAULT_STATE/first" ] || echo "${WORDS[1]}" >"$FAULT_STATE/first"
    source=$(cat "$FAULT_STATE/first")
    real cp "$source" "${WORDS[2]}/${WORDS[1]##*/}"
    exit
fi
