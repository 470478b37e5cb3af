# Brings all tags when one is asked for.
# subsubtests: good_extra_tag
case "$SUBCOMMAND" in
    pull)
        name=${!#}
        real "${WORDS[@]}" || exit
        real pull --all-tags "${name%:*}" >/dev/null
        exit 0
        ;;
esac
