# Tells a digest that the registry does not have.
# subsubtests: good
case "$SUBCOMMAND" in
    pull)
        real "${WORDS[@]}" | sed '/^Digest:/s/[0-9a-f]\{8\}$/00000000/'
        exit "${PIPESTATUS[0]}"
        ;;
esac
