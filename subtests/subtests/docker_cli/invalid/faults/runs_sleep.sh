# Says that a program is not there, and leaves a container that runs another one.
# subsubtests: command
case " $* " in
    *" /bin/hello "*)
        real "${WORDS[@]}"
        status=$?
        kept=()
        for word in "${WORDS[@]:1}"; do
            case "$word" in
                --name=*) real rm -f "${word#--name=}" >/dev/null; kept+=("$word") ;;
                /bin/hello) kept+=(sleep 60) ;;
                *) kept+=("$word") ;;
            esac
        done
        real run -d "${kept[@]}" >/dev/null
        exit "$status"
        ;;
esac
