# Finds nothing wrong with a container that there is not.
# subsubtests: finished
if [ "$SUBCOMMAND" = rm ]; then
    real inspect "${!#}" >/dev/null 2>&1 || exit 0
fi
