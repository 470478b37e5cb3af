# Lists all images when one is asked for.
case "$SUBCOMMAND" in
    images)
        [[ ${!#} == *several* ]] && set -- "${@:1:$#-1}"
        exec "$DOCKER" "$@"
        ;;
esac
