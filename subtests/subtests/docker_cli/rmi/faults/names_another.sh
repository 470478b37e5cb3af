# Says of another name that there is no such image.
# subsubtests: delete_wrong_name
case "$SUBCOMMAND" in
    rmi)
        echo "Error: No such image: other:latest" >&2
        exit 1
        ;;
esac
