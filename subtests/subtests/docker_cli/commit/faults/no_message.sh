# Forgets the message.
# subsubtests: check_default_cmd
case "$SUBCOMMAND" in
    commit)
        real commit -a Author_name "${@: -2}"
        exit
        ;;
esac
