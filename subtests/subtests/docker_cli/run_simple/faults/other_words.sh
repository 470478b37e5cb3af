# Runs something else that has the same status.
# subsubtests: run_false
if [ "$SUBCOMMAND" = run ]; then
    real "${WORDS[@]:0:${#WORDS[@]}-3}" /bin/false
    exit
fi
