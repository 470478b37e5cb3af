# Sends each signal a second time, a moment later.
# subsubtests: random_num, sigstop_ttyoff, bad
if [ "$SUBCOMMAND" = kill ]; then
    real "${WORDS[@]}"
    status=$?
    sleep 0.05
    real "${WORDS[@]}" >/dev/null 2>&1
    exit "$status"
fi
