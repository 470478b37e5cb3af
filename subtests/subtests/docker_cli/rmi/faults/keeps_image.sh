# Says that the image is gone with its last name, but keeps it under another one.
# subsubtests: last_tag
case "$SUBCOMMAND" in
    rmi)
        id=$(real image inspect --format '{{.Id}}' "${!#}")
        layers=$(real image inspect --format '{{range .RootFS.Layers}}Deleted: {{.}}{{println}}{{end}}' "${!#}")
        real tag "${!#}" "${!#}-kept"
        real "${WORDS[@]}" || exit
        echo "Deleted: $id"
        echo "$layers"
        exit 0
        ;;
esac
