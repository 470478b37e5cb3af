# Leaves a container alone that has ended.
# subsubtests: stopped
if [ "$SUBCOMMAND" = restart ]; then
    if [ "$(real inspect --format '{{.State.Running}}' "${!#}" 2>/dev/null)" = false ]; then
        echo "${!#}"
        exit 0
    fi
fi
