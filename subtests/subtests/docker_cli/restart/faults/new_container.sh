# Makes a new container of the same name in place of starting the old one.
# subsubtests: zerotime
if [ "$SUBCOMMAND" = restart ]; then
    name=$(real inspect --format '{{.Name}}' "${!#}" 2>/dev/null) || exec "$DOCKER" "$@"
    image=$(real inspect --format '{{.Config.Image}}' "${!#}")
    real rm --force "${!#}" >/dev/null
    real run --detach --network=none --name="${name#/}" "$image" sh -c 'echo STARTING...; echo STARTING...; exec sleep 100' >/dev/null
    echo "${!#}"
    exit 0
fi
