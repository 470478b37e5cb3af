# Passes the signal on four seconds late.
# subsubtests: run_signal
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}" &
    client=$!
    trap 'sleep 4; kill -USR1 $client' USR1
    wait "$client"
    wait "$client"
    exit
fi
