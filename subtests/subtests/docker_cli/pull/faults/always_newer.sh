# Tells that something new has come although all was there.
# subsubtests: good
case "$SUBCOMMAND" in
    pull)
        real "${WORDS[@]}" | sed 's/Image is up to date for/Downloaded newer image for/'
        exit "${PIPESTATUS[0]}"
        ;;
esac
