# Tells no sizes in JSON.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | sed 's/"Size":"[^"]*"/"Size":"0B"/'
        exit "${PIPESTATUS[0]}"
        ;;
esac
