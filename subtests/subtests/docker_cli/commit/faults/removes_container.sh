# Removes the container.
# subsubtests: good
case "$SUBCOMMAND" in
    commit)
        real "${WORDS[@]}" || exit
        real rm "${@: -2:1}" >/dev/null
        exit 0
        ;;
esac
