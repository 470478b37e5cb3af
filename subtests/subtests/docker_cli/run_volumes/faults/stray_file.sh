# Leaves a file of its own in the folder of the host.
# subsubtests: read_only
if [ "$SUBCOMMAND" = run ]; then
    for word in "${WORDS[@]}"; do
        if [[ "$word" == --volume=* ]]; then
            folder=${word#--volume=}
            : > "${folder%%:*}/.docker"
        fi
    done
fi
