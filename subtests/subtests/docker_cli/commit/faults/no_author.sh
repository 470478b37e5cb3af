# Forgets the author.
# subsubtests: good
case "$SUBCOMMAND" in
    commit)
        real commit -m Message "${@: -2}"
        exit
        ;;
esac
