# Does not run the second of several containers, and calls that a success.
# subsubtests: volumes_one_source
if [ "$SUBCOMMAND" = run ] && mkdir "$FAULT_STATE/first" 2>/dev/null; then
    :
elif [ "$SUBCOMMAND" = run ] && mkdir "$FAULT_STATE/second" 2>/dev/null; then
    exit 0
fi
