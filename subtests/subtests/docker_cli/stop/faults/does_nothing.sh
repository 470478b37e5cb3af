# Says that it stopped, and stops nothing.
# subsubtests: nice
if [ "$SUBCOMMAND" = stop ]; then
    echo "${!#}"
    exit 0
fi
