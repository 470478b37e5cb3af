# Prints a line of its own before the first event.
if [ "$SUBCOMMAND" = events ]; then
    echo "listening"
fi
