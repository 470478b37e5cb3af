# Has no column for the age.
case "$SUBCOMMAND" in
    images)
        [[ " $* " == *" --format "* || " $* " == *" --quiet "* ]] && exec "$DOCKER" "$@"
        real "${WORDS[@]}" --format 'table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Size}}'
        exit
        ;;
esac
