# Is back before the container runs.
# subsubtests: long_term_app
if [ "$SUBCOMMAND" = start ]; then
    (sleep 1; real "${WORDS[@]}") >/dev/null 2>&1 &
    echo "${!#}"
    exit 0
fi
