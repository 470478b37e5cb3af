# Runs the container without its volume.
# subsubtests: volumes_one_source
if [ "$SUBCOMMAND" = run ]; then
    words=()
    for word in "${WORDS[@]}"; do
        case "$word" in
            --volume=*) words+=("--tmpfs=/run-n-volume") ;;
            *) words+=("$word") ;;
        esac
    done
    real "${words[@]}"
    exit
fi
