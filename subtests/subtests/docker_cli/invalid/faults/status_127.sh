# Ends with another status than the container.
# subsubtests: arg
case " $* " in *" ls -^ "*) real "${WORDS[@]}"; exit 127 ;; esac
