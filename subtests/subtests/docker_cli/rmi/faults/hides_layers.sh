# Does not tell which layers go with the image.
# subsubtests: last_tag
case "$SUBCOMMAND" in
    rmi)
        real "${WORDS[@]}" | head -2
        exit 0
        ;;
esac
