# Knows --attach, but does as if -a had not been said.
# subsubtests: short_term_app
case "$SUBCOMMAND" in
    start)
        args=()
        for word in "$@"; do
            [ "$word" = -a ] || args+=("$word")
        done
        exec "$DOCKER" "${args[@]}"
        ;;
esac
