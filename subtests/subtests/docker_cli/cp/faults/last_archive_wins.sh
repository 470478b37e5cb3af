# Loses what an earlier archive brought to the same place.
# subsubtests: volume_mount
if [ "$SUBCOMMAND" = cp ] && [ "${WORDS[1]}" = - ]; then
    touch "$FAULT_STATE/$(ls "$FAULT_STATE" | wc -l)"
    if [ "$(ls "$FAULT_STATE" | wc -l)" -gt 1 ]; then
        cat >"$FAULT_STATE/archive"
        echo lost >"$FAULT_STATE/1"
        real cp "$FAULT_STATE/1" "${WORDS[2]}.imagebuilder-transient-mount/1"
        exec "$DOCKER" "$@" <"$FAULT_STATE/archive"
    fi
fi
