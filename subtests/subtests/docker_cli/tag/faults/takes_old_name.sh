# Renames: the old name goes when the new one comes.
# subsubtests: change_tag, change_registry
case "$SUBCOMMAND" in
    tag)
        real "${WORDS[@]}" || exit
        real rmi "${@:$#-1:1}" >/dev/null
        exit 0
        ;;
esac
