# Asks the container to end in place of killing it.
# subsubtests: forced
if [ "$SUBCOMMAND" = rm ]; then
    case " ${WORDS[*]} " in *" --force "*) real kill --signal=USR1 "${!#}" >/dev/null; sleep 1 ;; esac
fi
