# Removes the image with all its names when one of them is given.
# subsubtests: only_tag
case "$SUBCOMMAND" in
    rmi)
        real rmi --force "$(real image inspect --format '{{.Id}}' "${!#}")" >/dev/null
        echo "Untagged: ${!#}"
        exit 0
        ;;
esac
