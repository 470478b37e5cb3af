# Tells an older API than the server speaks.
if [ "$SUBCOMMAND" = version ]; then
    real "${WORDS[@]}" | sed -E '/Server/,$ s/(API version: *)[0-9.]+ \(min/\11.0 (min/; s/("Server":.*"ApiVersion":")[0-9.]+/\11.0/'
    exit 0
fi
