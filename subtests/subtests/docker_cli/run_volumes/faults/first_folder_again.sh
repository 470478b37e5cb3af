# Mounts the folder that was asked for first in every container.
# subsubtests: volumes_rw
if [ "$SUBCOMMAND" = run ]; then
    words=()
    for word in "${WORDS[@]}"; do
        case "$word" in
            --volume=*)
                bind=${word#--volume=}
                [ -e "$FAULT_STATE/first" ] || echo "${bind%%:*}" >"$FAULT_STATE/first"
                words+=("--volume=$(cat "$FAULT_STATE/first"):${bind#*:}")
                ;;
            *) words+=("$word") ;;
        esac
    done
    real "${words[@]}"
    exit
fi
