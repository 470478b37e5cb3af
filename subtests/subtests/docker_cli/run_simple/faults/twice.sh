# Runs the container twice.
# subsubtests: run_true
if [ "$SUBCOMMAND" = run ]; then
    case " $* " in *" --rm=false "*) ;; *) real "${WORDS[@]}" ;; esac
fi
