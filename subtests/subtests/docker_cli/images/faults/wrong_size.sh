# Tells a size that is a thousand times too small.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | sed 's/\([0-9]\)MB/\1kB/'
        exit "${PIPESTATUS[0]}"
        ;;
esac
