# Mounts a folder writable that is to be mounted read-only.
# subsubtests: read_only
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]/%:\/data:ro/:\/data}"
    exit
fi
