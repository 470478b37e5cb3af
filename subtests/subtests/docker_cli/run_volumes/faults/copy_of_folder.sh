# Mounts a copy of the host's folder: what is there can be read, and what is written is lost.
# subsubtests: volumes_rw
if [ "$SUBCOMMAND" = run ]; then
    words=()
    for word in "${WORDS[@]}"; do
        case "$word" in
            --volume=*)
                bind=${word#--volume=}
                copy=$FAULT_STATE/copy.$$
                cp -a "${bind%%:*}" "$copy"
                words+=("--volume=$copy:${bind#*:}")
                ;;
            *) words+=("$word") ;;
        esac
    done
    real "${words[@]}"
    exit
fi
