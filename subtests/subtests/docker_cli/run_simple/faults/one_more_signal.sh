# Sends the container one more signal.
# subsubtests: run_signal
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}" &
    client=$!
    for word in "${WORDS[@]}"; do case "$word" in --name=*) name=${word#--name=} ;; esac; done
    trap 'real kill -s WINCH "$name" >/dev/null; kill -USR1 $client' USR1
    wait "$client"
    wait "$client"
    exit
fi
