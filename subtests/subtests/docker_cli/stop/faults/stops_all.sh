# Stops every container that runs.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = stop ]; then
    real "${WORDS[@]}"
    status=$?
    for other in $(real ps --quiet --filter label=dockertest.run --filter name=bystander); do
        real stop -t 0 "$other" >/dev/null
    done
    exit $status
fi
