# Restarts a container that runs.
# subsubtests: rerun_long_term_app
if [ "$SUBCOMMAND" = start ]; then
    if [ "$(real inspect --format '{{.State.Running}}' "${!#}" 2>/dev/null)" = true ]; then
        exec "$DOCKER" "${GLOBALS[@]}" restart -t 0 "${!#}"
    fi
fi
