# Warns of something on standard error.
# subsubtests: random_name, stress
if [ "$SUBCOMMAND" = kill ]; then
    echo 'WARNING: signals may be late' >&2
fi
