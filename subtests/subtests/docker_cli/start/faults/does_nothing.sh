# Says that it started, and starts nothing.
# subsubtests: long_term_app
if [ "$SUBCOMMAND" = start ]; then
    echo "${!#}"
    exit 0
fi
