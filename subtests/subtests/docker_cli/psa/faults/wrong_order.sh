# Lists the oldest container first.
if [ "$SUBCOMMAND" = ps ]; then
    real "${WORDS[@]}" | { read -r header; printf '%s\n' "$header"; tac; }
    exit 0
fi
