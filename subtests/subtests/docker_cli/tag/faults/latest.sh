# Drops the new tag and gives `latest`.
# subsubtests: change_tag
case "$SUBCOMMAND" in
    tag)
        new=${!#}
        real tag "${@:$#-1:1}" "${new%:*}:latest"
        exit
        ;;
esac
