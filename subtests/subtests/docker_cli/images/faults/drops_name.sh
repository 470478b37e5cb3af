# Lists an image under one of its names only.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | grep -v 'later'
        exit "${PIPESTATUS[0]}"
        ;;
esac
