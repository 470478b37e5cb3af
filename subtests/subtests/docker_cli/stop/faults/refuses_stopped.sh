# Takes a container that has ended for a mistake.
# subsubtests: stopped
if [ "$SUBCOMMAND" = stop ] && [ "$(real inspect --format '{{.State.Running}}' "${!#}" 2>/dev/null)" = false ]; then
    echo "Error response from daemon: container ${!#} is not running" >&2
    exit 1
fi
