# Takes the option -f, which is no longer one.
# subsubtests: double_tag_force
case "$SUBCOMMAND" in
    tag)
        words=()
        for word in "${@:2}"; do [ "$word" = -f ] || words+=("$word"); done
        real tag "${words[@]}"
        exit
        ;;
esac
