# Refuses what is no signal, and kills the container all the same.
# subsubtests: bad
if [ "$SUBCOMMAND" = kill ]; then
    real "${WORDS[@]}" && exit
    real kill "${!#}" >/dev/null 2>&1
    exit 1
fi
