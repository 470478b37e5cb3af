# Shows the help on another command.
# subsubtests: help_commands
case "${WORDS[*]}" in
    "help kill") real help stop; exit ;;
    "kill --help") real stop --help; exit ;;
esac
