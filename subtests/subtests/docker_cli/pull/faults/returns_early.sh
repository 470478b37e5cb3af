# Ends before the image has come.
# subsubtests: good_extra_tag
case "$SUBCOMMAND" in
    pull)
        name=${!#}
        real "${WORDS[@]}"
        real save --output "$FAULT_STATE/image" "$name"
        real rmi "$name" >/dev/null
        (sleep 2; real load --input "$FAULT_STATE/image") >/dev/null 2>&1 &
        exit 0
        ;;
esac
