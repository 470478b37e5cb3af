# Lists only containers that do not run.
if [ "$SUBCOMMAND" = ps ]; then
    real "${WORDS[@]}" | grep -v ' Up '
    exit 0
fi
