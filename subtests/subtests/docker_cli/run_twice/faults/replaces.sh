# Replaces the first container by a second one.
# The status and the words of the refusal are right.
if [ "$SUBCOMMAND" = run ]; then
    name=$(printf '%s\n' "${WORDS[@]}" | sed -n 's/^--name=//p')
    if id=$(real inspect --format '{{.Id}}' "$name" 2>/dev/null) && [ -n "$id" ]; then
        real rm --force "$name" >/dev/null
        real "${WORDS[@]}" >/dev/null
        printf 'docker: Error response from daemon: Conflict. The container name "/%s" is already in use by container "%s".\n' \
            "$name" "$id" >&2
        exit 125
    fi
fi
