# Has the right status, and runs nothing.
# subsubtests: run_false
[ "$SUBCOMMAND" = run ] && exit 1
