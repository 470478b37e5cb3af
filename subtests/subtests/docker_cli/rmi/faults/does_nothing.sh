# Says that the name is gone, and removes nothing.
# subsubtests: only_tag, last_tag
case "$SUBCOMMAND" in
    rmi)
        echo "Untagged: ${!#}"
        exit 0
        ;;
esac
