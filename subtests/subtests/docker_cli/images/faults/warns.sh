# Prints a warning.
case "$SUBCOMMAND" in
    images)
        echo "WARNING: the list may be incomplete" >&2
        ;;
esac
