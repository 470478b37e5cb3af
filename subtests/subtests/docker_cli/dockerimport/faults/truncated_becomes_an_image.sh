# Refuses the archive that is cut off, but makes an image all the same.
# subsubtests: truncated
if [ "$SUBCOMMAND" = import ]; then
    cat > "$FAULT_STATE/archive"
    if ! real "${WORDS[@]}" < "$FAULT_STATE/archive"; then
        real import - "${WORDS[-1]}" < /dev/null > /dev/null
        exit 1
    fi
    exit 0
fi
