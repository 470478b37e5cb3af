# Refuses a port, but leaves a container of that name.
# subsubtests: option
case " $* " in
    *" -p notaport "*)
        kept=()
        for word in "${WORDS[@]:1}"; do case "$word" in -p | notaport) ;; *) kept+=("$word") ;; esac; done
        real create "${kept[@]}" >/dev/null
        ;;
esac
