# Empties the folder of this machine that the container worked in.
if [ "$SUBCOMMAND" = rm ]; then
    folder=$(real inspect --format '{{range .Mounts}}{{if eq .Type "bind"}}{{.Source}}{{end}}{{end}}' "${!#}" 2>/dev/null)
    real "${WORDS[@]}" || exit
    rm -rf "${folder:?}"/*
    exit 0
fi
