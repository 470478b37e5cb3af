# Prints something of its own.
# subsubtests: run_true
[ "$SUBCOMMAND" = run ] && echo "Status: Image is up to date"
