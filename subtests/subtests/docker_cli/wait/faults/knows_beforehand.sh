# Prints the statuses that will come, without waiting for the end.
# subsubtests: wait_last
if [ "$SUBCOMMAND" = wait ]; then
    printf '3\n2\n1\n'
    exit 0
fi
