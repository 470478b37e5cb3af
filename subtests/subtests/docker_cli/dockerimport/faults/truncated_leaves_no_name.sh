# Refuses the archive that is cut off, but leaves an image without a name.
# subsubtests: truncated
if [ "$SUBCOMMAND" = import ]; then
    cat > "$FAULT_STATE/archive"
    if ! real "${WORDS[@]}" < "$FAULT_STATE/archive"; then
        real import - < /dev/null > /dev/null
        exit 1
    fi
    exit 0
fi
