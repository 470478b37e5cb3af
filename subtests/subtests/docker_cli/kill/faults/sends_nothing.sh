# Prints the name, and sends nothing.
# subsubtests: random_num, stress
if [ "$SUBCOMMAND" = kill ]; then
    echo "${!#}"
    exit 0
fi
