# Leaves a name with the image that has it already.
# subsubtests: move_tag
case "$SUBCOMMAND" in
    tag)
        real image inspect "${!#}" >/dev/null 2>&1 && exit 0
        ;;
esac
