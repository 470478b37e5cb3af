# Loses the last line that a container wrote to the host's folder.
# subsubtests: volumes_one_source
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}"
    status=$?
    name=$(printf '%s\n' "${WORDS[@]}" | sed -n 's/^--name=//p')
    folder=$(printf '%s\n' "${WORDS[@]}" | sed -n 's/^--volume=\([^:]*\):.*/\1/p')
    sed -i '$d' "$folder/$name"
    exit "$status"
fi
