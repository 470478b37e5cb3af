# Builds a repository or an address from what it has seen first, not from what is there.
# subsubtests: local_path, https_file, git_path
if [ "$SUBCOMMAND" = build ]; then
    context=${WORDS[-1]}
    if [ -d "$context" ] && [ ! -d "$FAULT_STATE/context" ]; then
        cp -r "$context" "$FAULT_STATE/context"
    fi
    exec "$DOCKER" "${GLOBALS[@]}" "${WORDS[@]:0:${#WORDS[@]}-1}" "$FAULT_STATE/context"
fi
