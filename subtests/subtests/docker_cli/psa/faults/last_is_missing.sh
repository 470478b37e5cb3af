# Leaves out the container that is listed last.
if [ "$SUBCOMMAND" = ps ]; then
    real "${WORDS[@]}" | sed '1!{$d}'
    exit 0
fi
