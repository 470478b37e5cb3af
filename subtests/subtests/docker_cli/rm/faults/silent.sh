# Does not tell what it removed.
if [ "$SUBCOMMAND" = rm ]; then
    real "${WORDS[@]}" >/dev/null
    exit
fi
