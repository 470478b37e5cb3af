# Shows the processes in the opposite order.
# subsubtests: loops
if [ "$SUBCOMMAND" = top ]; then
    shown=$(real "${WORDS[@]}") || exit
    echo "$shown" | sed -n 1p
    echo "$shown" | sed 1d | tac
    exit 0
fi
