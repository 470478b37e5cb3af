# Mounts a copy of the host's folder, and brings back what was written when the container has ended.
# subsubtests: volumes_rw
if [ "$SUBCOMMAND" = run ]; then
    words=()
    for word in "${WORDS[@]}"; do
        case "$word" in
            --volume=*)
                bind=${word#--volume=}
                folder=${bind%%:*}
                copy=$FAULT_STATE/copy.$$
                cp -a "$folder" "$copy"
                words+=("--volume=$copy:${bind#*:}")
                ;;
            *) words+=("$word") ;;
        esac
    done
    real "${words[@]}"
    status=$?
    cp -a "$copy/." "$folder"
    exit "$status"
fi
