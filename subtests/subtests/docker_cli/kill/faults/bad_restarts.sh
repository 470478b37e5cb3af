# Refuses what is no signal, and restarts the container.
# subsubtests: bad
if [ "$SUBCOMMAND" = kill ]; then
    real "${WORDS[@]}" && exit
    real restart --time 0 "${!#}" >/dev/null 2>&1
    exit 1
fi
