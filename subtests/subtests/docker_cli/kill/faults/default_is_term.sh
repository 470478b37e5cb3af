# Sends TERM where no signal is named.
# subsubtests: bad
if [ "$SUBCOMMAND" = kill ] && [ "${#WORDS[@]}" = 2 ]; then
    real kill --signal=TERM "${WORDS[1]}"
    exit
fi
