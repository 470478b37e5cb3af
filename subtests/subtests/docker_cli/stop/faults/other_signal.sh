# Sends SIGINT first, which is not what was promised.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = stop ]; then
    real kill --signal=INT "${!#}" >/dev/null 2>&1
fi
