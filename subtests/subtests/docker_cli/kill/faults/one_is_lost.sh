# Loses one signal when many come.
# subsubtests: stress, stress_parallel
if [ "$SUBCOMMAND" = kill ]; then
    case "${WORDS[*]}" in *' 12 '* | *USR2\ * | *=12\ *) echo "${!#}"; exit 0 ;; esac
fi
