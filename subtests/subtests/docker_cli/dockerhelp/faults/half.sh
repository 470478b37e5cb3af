# Shows only half of the help on a command.
# subsubtests: help_commands
case "${WORDS[*]}" in "help inspect" | "inspect --help" | "help update" | "update --help") real "${WORDS[@]}" | head -8; exit ;; esac
