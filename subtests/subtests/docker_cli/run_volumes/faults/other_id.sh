# Writes another id into the file for the container's id.
# subsubtests: volumes_rw
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]}"
    status=$?
    for word in "${WORDS[@]}"; do
        case "$word" in --cidfile=*) rev "${word#--cidfile=}" | tr -d '\n' >"$FAULT_STATE/id" && cat "$FAULT_STATE/id" >"${word#--cidfile=}" ;; esac
    done
    exit "$status"
fi
