# Lists images with names when those without are asked for.
case "$SUBCOMMAND" in
    images)
        if [[ ${!#} == dangling=true ]]; then
            real images --no-trunc
            exit
        fi
        ;;
esac
