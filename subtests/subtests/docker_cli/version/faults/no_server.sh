# Shows nothing of the server, and calls that a success.
if [ "$SUBCOMMAND" = version ]; then
    real "${WORDS[@]}" | sed -E '/^Server/,$d; s/,"Server":.*/}/'
    exit 0
fi
