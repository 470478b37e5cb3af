# Brings only one tag when all are asked for.
# subsubtests: latest
case "$SUBCOMMAND" in
    pull)
        output=$(real "${WORDS[@]}") || exit
        real rmi "${!#}:other" >/dev/null
        echo "$output"
        exit 0
        ;;
esac
