# Kills another container, too.
# subsubtests: random_num
if [ "$SUBCOMMAND" = kill ]; then
    for id in $(real ps --quiet --filter label=dockertest.step --filter name=fixture); do
        real kill "$id" >/dev/null 2>&1
    done
fi
