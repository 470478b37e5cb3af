# Tells that an image is younger than it is.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | sed 's/5 days ago/4 days ago/'
        exit "${PIPESTATUS[0]}"
        ;;
esac
