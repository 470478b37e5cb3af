# Forgets a signal that is sent to a stopped container.
# subsubtests: sigstop
if [ "$SUBCOMMAND" = kill ]; then
    case "${WORDS[*]}" in
        *' 19 '* | *STOP\ * | *=19\ *) touch "$FAULT_STATE/stopped" ;;
        *' 18 '* | *CONT\ * | *=18\ *) rm -f "$FAULT_STATE/stopped" ;;
        *' 10 '* | *USR1\ * | *=10\ *) [ -e "$FAULT_STATE/stopped" ] && { echo "${!#}"; exit 0; } ;;
    esac
fi
