
# The options for all commands, the words after them, and the first of these.
GLOBALS=()
WORDS=()
SUBCOMMAND=
split_words() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --config | --context | --host | --log-level | --tlscacert | --tlscert | --tlskey | -[cHl] | -D[cHl] | \
            --cgroup-manager | --cni-config-dir | --conmon | --connection | --events-backend | --hooks-dir | \
            --identity | --imagestore | --module | --namespace | --network-backend | --network-cmd-path | \
            --network-config-dir | --out | --root | --runroot | --runtime | --runtime-flag | --ssh | \
            --storage-driver | --storage-opt | --tmpdir | --url | --volumepath)
                GLOBALS+=("$1")
                if [ $# -gt 1 ]; then
                    GLOBALS+=("$2")
                    shift
                fi
                ;;
            -*) GLOBALS+=("$1") ;;
            *)
                SUBCOMMAND=$1
                WORDS=("$@")
                return
                ;;
        esac
        shift
    done
}
split_words "$@"

# Runs the real program with the same options for all commands and other words.
real() {
    "$DOCKER" "${GLOBALS[@]}" "$@"
}

# --- the fault
