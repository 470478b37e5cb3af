# Does not tell when a layer has come.
# subsubtests: good_extra_tag
case "$SUBCOMMAND" in
    pull)
        real "${WORDS[@]}" | grep -v 'Pull complete'
        exit "${PIPESTATUS[0]}"
        ;;
esac
