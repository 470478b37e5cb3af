# Counts names of images as data, not images.
# subsubtests: userspace
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" | sed -E 's/"Images":([0-9]+)/"Images":1\1/'
    exit "${PIPESTATUS[0]}"
fi
