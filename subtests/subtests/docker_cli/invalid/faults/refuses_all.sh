# Refuses everything, also what is valid.
# subsubtests: image
if [ "$SUBCOMMAND" = run ]; then
    echo "docker: invalid reference format: repository name must be lowercase." >&2
    exit 125
fi
