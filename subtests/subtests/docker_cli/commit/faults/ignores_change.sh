# Ignores --change.
# subsubtests: change_default_cmd
case "$SUBCOMMAND" in
    commit)
        words=()
        for word in "${WORDS[@]}"; do [[ $word == --change=* ]] || words+=("$word"); done
        real "${words[@]}"
        exit
        ;;
esac
