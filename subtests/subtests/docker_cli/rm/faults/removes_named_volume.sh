# Removes the volume that has a name as well.
if [ "$SUBCOMMAND" = rm ]; then
    volumes=$(real inspect --format '{{range .Mounts}}{{if .Name}}{{.Name}} {{end}}{{end}}' "${!#}" 2>/dev/null)
    real "${WORDS[@]}"
    status=$?
    [ "$status" != 0 ] || real volume rm $volumes >/dev/null 2>&1
    exit $status
fi
