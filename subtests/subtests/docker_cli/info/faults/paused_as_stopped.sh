# Counts paused containers among the stopped ones, in the text and as data.
# subsubtests: userspace
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" | sed -E '/Paused"?:/{
        s/"ContainersPaused":([0-9]+),"ContainersStopped":([0-9]+)/"ContainersPaused":0,"ContainersStopped":\1\2/
        s/Paused: .*/Paused: 0/
    }'
    exit "${PIPESTATUS[0]}"
fi
