# Starts a container that has ended once more, to stop it.
# subsubtests: stopped
if [ "$SUBCOMMAND" = stop ] && [ "$(real inspect --format '{{.State.Running}}' "${!#}" 2>/dev/null)" = false ]; then
    real start "${!#}" >/dev/null
    real wait "${!#}" >/dev/null
    exec "$DOCKER" "$@"
fi
