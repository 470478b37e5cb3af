# Leaves the changed file as it is in the container's image.
# subsubtests: good
case "$SUBCOMMAND" in
    commit)
        of() { real container inspect --format "$1" "${WORDS[@]: -2:1}" | grep .; }
        mapfile -t labels < <(of '{{range $name, $value := .Config.Labels}}--label={{$name}}={{$value}}{{println}}{{end}}')
        mapfile -t words < <(of '{{range .Config.Cmd}}{{println .}}{{end}}')
        variable=$(of '{{range .Config.Env}}{{println .}}{{end}}' | grep '^COMMITTED=')
        other=$(real create "${labels[@]}" --env "$variable" "$(of '{{.Image}}')" "${words[@]}") || exit
        tar --create --directory=/etc passwd | real cp - "$other:/var"
        real commit -a Author_name -m Message "$other" "${!#}"
        real rm "$other" >/dev/null
        exit 0
        ;;
esac
