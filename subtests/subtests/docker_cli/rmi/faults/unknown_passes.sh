# Ends with status 0 although there is no image of that name.
# subsubtests: delete_wrong_name
case "$SUBCOMMAND" in
    rmi)
        real "${WORDS[@]}"
        exit 0
        ;;
esac
