# Is back long after the containers have ended.
# subsubtests: no_wait
if [ "$SUBCOMMAND" = wait ]; then
    real "${WORDS[@]}"
    status=$?
    sleep 5
    exit $status
fi
