# Does not note the last volume, but says that it has.
# subsubtests: jsonvol
if [ "$SUBCOMMAND" = build ] && [ -f "${WORDS[-1]}/Dockerfile" ]; then
    sed -i 's#, "/usr/local/lib/baz"##' "${WORDS[-1]}/Dockerfile"
    real "${WORDS[@]}" | sed 's#"/foo/bar"]#"/foo/bar", "/usr/local/lib/baz"]#'
    exit "${PIPESTATUS[0]}"
fi
