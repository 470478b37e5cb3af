# Sends TERM where it must send KILL.
# subsubtests: random_num, random_name, stress_parallel
if [ "$SUBCOMMAND" = kill ]; then
    case "${WORDS[*]}" in *' -s 9 '* | *' -s KILL '*) real kill -s TERM "${!#}"; exit ;; esac
fi
