# Keeps the command of the container's image, not that of the container.
# subsubtests: check_default_cmd
case "$SUBCOMMAND" in
    commit)
        real "${WORDS[@]:0:${#WORDS[@]}-2}" --change 'CMD ["/bin/bash"]' "${@: -2}"
        exit
        ;;
esac
