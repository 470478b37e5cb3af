# Tells another commit of the server, in the table and as data.
if [ "$SUBCOMMAND" = version ]; then
    real "${WORDS[@]}" | sed -E '/Server/,$ s/(Git ?commit: +)[0-9a-f]+$/\1deadbee/I; s/(Server.*"GitCommit":")[0-9a-f]+"/\1deadbee"/'
    exit "${PIPESTATUS[0]}"
fi
