# Removes all tags of the repository, not only the one that is given.
# subsubtests: only_tag
case "$SUBCOMMAND" in
    rmi)
        name=${!#}
        real images --format '{{.Repository}}:{{.Tag}}' "${name%:*}" | grep -v ":kept$" | while read -r other; do
            [ "$other" = "$name" ] || real rmi "$other" >/dev/null
        done
        ;;
esac
