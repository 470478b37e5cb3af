# Lists an image twice.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | sed '$p'
        exit "${PIPESTATUS[0]}"
        ;;
esac
