# Refuses an unknown option with status 1 in place of 125.
# subsubtests: option
case " $* " in *" -f "*) real "${WORDS[@]}" || exit 1 ;; esac
