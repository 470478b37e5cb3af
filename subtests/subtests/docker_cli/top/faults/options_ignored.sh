# Does not give the options to `ps`.
# subsubtests: runsleep, loops
if [ "$SUBCOMMAND" = top ] && [ "${#WORDS[@]}" -gt 2 ]; then
    real top "${WORDS[1]}"
    exit
fi
