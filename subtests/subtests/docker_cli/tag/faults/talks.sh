# Prints the name that it gave.
# subsubtests: change_user
case "$SUBCOMMAND" in
    tag)
        real "${WORDS[@]}" && echo "${!#}"
        exit
        ;;
esac
