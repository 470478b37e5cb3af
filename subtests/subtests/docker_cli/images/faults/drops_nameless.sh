# Hides images without names.
case "$SUBCOMMAND" in
    images)
        real "${WORDS[@]}" | grep -v '<none>'
        exit "${PIPESTATUS[0]}"
        ;;
esac
