# Makes an image of another container.
# subsubtests: good, check_default_cmd
case "$SUBCOMMAND" in
    commit)
        base=$(real container inspect --format '{{.Image}}' "${@: -2:1}") || exit
        other=$(real create --env COMMITTED=other "$base" sh -c 'echo other')
        real commit -a Author_name -m Message "$other" "${!#}"
        real rm "$other" >/dev/null
        exit 0
        ;;
esac
