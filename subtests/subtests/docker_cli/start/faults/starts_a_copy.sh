# Makes a new container of the same name in place of starting the old one.
# subsubtests: simple
if [ "$SUBCOMMAND" = start ]; then
    state=$(real inspect --format '{{.State.Status}}' "${!#}" 2>/dev/null)
    if [ "$state" = exited ]; then
        image=$(real inspect --format '{{.Config.Image}}' "${!#}")
        real rm --force "${!#}" >/dev/null
        real run --detach --network=none --name="${!#}" "$image" sh -c 'echo STARTED; echo STARTED; exec sleep 100' >/dev/null
        echo "${!#}"
        exit 0
    fi
fi
