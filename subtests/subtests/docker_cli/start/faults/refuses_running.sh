# Takes a container that runs for a mistake.
# subsubtests: rerun_long_term_app
if [ "$SUBCOMMAND" = start ]; then
    if [ "$(real inspect --format '{{.State.Running}}' "${!#}" 2>/dev/null)" = true ]; then
        echo "Error response from daemon: container ${!#} is already running" >&2
        exit 1
    fi
fi
