# Sends the containers a signal that they do not care for while it waits.
# subsubtests: Sig
if [ "$SUBCOMMAND" = wait ]; then
    real kill --signal=CONT "${WORDS[@]:1}" >/dev/null 2>&1
fi
