# Makes two images, of which one has no name.
# subsubtests: good
case "$SUBCOMMAND" in
    commit) real "${WORDS[@]}" >/dev/null ;;
esac
