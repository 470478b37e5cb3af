# Brings `latest` when there is no such tag.
# subsubtests: wrong_tag
case "$SUBCOMMAND" in
    pull)
        name=${!#}
        real "${WORDS[@]}" && exit
        real pull "${name%:*}:latest" >/dev/null
        exit 1
        ;;
esac
