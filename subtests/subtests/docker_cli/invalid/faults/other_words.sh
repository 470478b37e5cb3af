# Gives the container other words.
# subsubtests: arg
case " $* " in *" /bin/sh -@ "*) real "${WORDS[@]:0:${#WORDS[@]}-2}" /bin/sh -%; exit ;; esac
