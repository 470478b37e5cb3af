# Prints a message of its own to standard error.
# subsubtests: userspace
if [ "$SUBCOMMAND" = info ]; then
    echo "level=info msg=done" >&2
fi
