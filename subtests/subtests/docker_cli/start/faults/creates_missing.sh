# Makes the container that there is not.
# subsubtests: simple
if [ "$SUBCOMMAND" = start ]; then
    real inspect "${!#}" >/dev/null 2>&1 || {
        real create --name="${!#}" "$(real images --quiet | head -n1)" true >/dev/null 2>&1
        echo "Error response from daemon: No such container: ${!#}" >&2
        exit 1
    }
fi
