# Makes one layer of all.
# subsubtests: check_default_cmd
case "$SUBCOMMAND" in
    commit)
        real "${WORDS[@]}" >/dev/null || exit
        other=$(real create "${!#}")
        real export "$other" | real import --message Message - "${!#}"
        real rm "$other" >/dev/null
        exit 0
        ;;
esac
