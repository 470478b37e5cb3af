# Tells what the container wrote in its run before, too.
# subsubtests: short_term_app
if [ "$SUBCOMMAND" = start ]; then
    real logs "${!#}" 2>/dev/null
fi
