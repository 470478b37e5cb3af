# Says that it restarted, and does nothing.
# subsubtests: nice
if [ "$SUBCOMMAND" = restart ]; then
    echo "${!#}"
    exit 0
fi
