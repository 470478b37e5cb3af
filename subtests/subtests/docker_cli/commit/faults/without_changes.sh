# Names the container's image in place of making one of the container.
# subsubtests: good
case "$SUBCOMMAND" in
    commit)
        id=$(real container inspect --format '{{.Image}}' "${@: -2:1}") || exit
        real tag "$id" "${!#}"
        echo "$id"
        exit 0
        ;;
esac
