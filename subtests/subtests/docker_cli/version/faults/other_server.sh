# Tells another version of the server than the server itself.
# Table and data agree, so that only a second opinion can tell.
if [ "$SUBCOMMAND" = version ]; then
    real "${WORDS[@]}" | sed -E '/Server/,$ s/([Vv]ersion"?: *"?)[0-9]+\.[0-9]+/\199.9/'
    exit "${PIPESTATUS[0]}"
fi
