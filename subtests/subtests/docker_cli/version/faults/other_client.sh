# Tells another version of the client, in the table and as data.
if [ "$SUBCOMMAND" = version ]; then
    real "${WORDS[@]}" | sed -E '0,/[Vv]ersion"?:/ s/([Vv]ersion"?: *"?)[0-9]+\.[0-9]+/\10.7/'
    exit "${PIPESTATUS[0]}"
fi
