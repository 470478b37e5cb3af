# Shows the general help in place of that on a command.
# subsubtests: help_commands
case "${WORDS[*]}" in "help wait" | "wait --help") real help; exit ;; esac
