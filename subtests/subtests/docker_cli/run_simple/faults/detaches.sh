# Goes into the background as soon as the container has begun.
# subsubtests: run_signal
if [ "$SUBCOMMAND" = run ]; then
    real run --detach "${WORDS[@]:1}" >/dev/null
    echo WF1l6Bha7BgoigcP
    exit
fi
