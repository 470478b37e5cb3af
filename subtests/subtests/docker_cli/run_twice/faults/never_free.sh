# Refuses the name also when the container that had it is gone.
if [ "$SUBCOMMAND" = run ]; then
    count=$(ls "$FAULT_STATE" | wc -l)
    touch "$FAULT_STATE/$count"
    if [ "$count" -ge 2 ]; then
        echo 'docker: Error response from daemon: Conflict. The container name is already in use.' >&2
        exit 125
    fi
fi
