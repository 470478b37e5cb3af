# Prints what the container says on standard error on standard output.
# subsubtests: arg
case " $* " in *" -c hey "*) real "${WORDS[@]}" 2>&1; exit ;; esac
