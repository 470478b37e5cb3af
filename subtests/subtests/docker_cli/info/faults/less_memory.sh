# Tells half of the memory of the machine.
# subsubtests: userspace
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" | sed -E 's/(Total Memory: ).*/\11.5GiB/; s/"MemTotal":[0-9]+/"MemTotal":1610612736/'
    exit "${PIPESTATUS[0]}"
fi
