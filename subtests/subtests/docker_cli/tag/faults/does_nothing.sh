# Says that it gave the name, and gives none.
# subsubtests: change_tag, change_user, move_tag
case "$SUBCOMMAND" in
    tag) exit 0 ;;
esac
