# Says that it removed, and removes nothing.
if [ "$SUBCOMMAND" = rm ]; then
    echo "${!#}"
    exit 0
fi
