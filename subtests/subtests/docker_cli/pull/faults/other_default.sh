# Takes another tag than `latest` when none is given.
# subsubtests: default_tag
case "$SUBCOMMAND" in
    pull)
        output=$(real pull "${!#}:other") || exit
        real tag "${!#}:other" "${!#}:latest"
        real rmi "${!#}:other" >/dev/null
        echo "Using default tag: latest"
        echo "${output//other/latest}"
        exit 0
        ;;
esac
