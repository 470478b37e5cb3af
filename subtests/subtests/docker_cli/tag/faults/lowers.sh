# Takes a name with capitals and gives it in small letters.
# subsubtests: bad_names
case "$SUBCOMMAND" in
    tag)
        new=${!#}
        real tag "${@:$#-1:1}" "${new,,}"
        exit
        ;;
esac
