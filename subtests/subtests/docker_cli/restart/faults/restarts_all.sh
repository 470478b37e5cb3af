# Restarts another container as well.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = restart ]; then
    other=$(real ps --quiet --filter label=dockertest.run --filter name=bystander)
    real restart -t 0 $other >/dev/null
fi
