# Says something on standard error.
[ "$SUBCOMMAND" = version ] && echo "a new version is available" >&2
