# Says that a container still runs that has ended with status 0.
if [ "$SUBCOMMAND" = ps ]; then
    real "${WORDS[@]}" | sed -E 's/Exited \(0\) 1 second ago /Up 1 second             /; s/Exited \(0\) (Less than a|[0-9]+) (seconds?) ago/Up \1 \2           /'
    exit 0
fi
