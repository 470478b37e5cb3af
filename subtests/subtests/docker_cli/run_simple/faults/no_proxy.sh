# Keeps the signal to itself, and ends the container in another way.
# subsubtests: run_signal
if [ "$SUBCOMMAND" = run ]; then
    for word in "${WORDS[@]}"; do case "$word" in --name=*) name=${word#--name=} ;; esac; done
    trap 'real kill "$name" >/dev/null; exit 0' USR1
    real run --sig-proxy=false "${WORDS[@]:1}" &
    while :; do wait; done
fi
