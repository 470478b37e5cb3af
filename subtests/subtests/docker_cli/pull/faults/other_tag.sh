# Brings another tag under the name that was asked for.
# subsubtests: good
case "$SUBCOMMAND" in
    pull)
        name=${!#}
        latest="${name%:*}:latest"
        output=$(real pull "$latest") || exit
        real tag "$latest" "$name"
        real rmi "$latest" >/dev/null
        echo "${output//$latest/$name}" | sed "1s/^latest:/${name##*:}:/"
        exit 0
        ;;
esac
