# Says of another name that it cannot be pulled.
# subsubtests: wrong_tag, wrong_registry_addr
case "$SUBCOMMAND" in
    pull)
        echo "Error response from daemon: manifest for other:latest not found: manifest unknown: connection refused" >&2
        exit 1
        ;;
esac
