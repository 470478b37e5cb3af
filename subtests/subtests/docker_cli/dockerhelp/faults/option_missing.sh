# Leaves an option out of the help on a command.
# subsubtests: help_commands
case "${WORDS[*]}" in "help run" | "run --help") real "${WORDS[@]}" | grep -v -- --cidfile; exit ;; esac
