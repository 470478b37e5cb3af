# Makes the image without its name.
# subsubtests: good
case "$SUBCOMMAND" in
    commit)
        real "${WORDS[@]:0:${#WORDS[@]}-1}"
        exit
        ;;
esac
