# Tells a size that is a thousand times too large.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | sed 's/\([0-9]\)kB/\1MB/'
        exit "${PIPESTATUS[0]}"
        ;;
esac
