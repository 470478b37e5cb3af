# Imports an archive of its own in place of what comes through the pipe.
# subsubtests: empty
if [ "$SUBCOMMAND" = import ]; then
    cat > /dev/null
    tar -C "$FAULT_STATE/.." -c . 2>/dev/null | real "${WORDS[@]}"
    exit
fi
