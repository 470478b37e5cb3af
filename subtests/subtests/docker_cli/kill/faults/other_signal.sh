# Sends USR2 where USR1 is asked for, by number or by name.
# subsubtests: random_num, sigstop, bad
if [ "$SUBCOMMAND" = kill ]; then
    for word in "${WORDS[@]}"; do
        case "$word" in
            10 | USR1) word=12 ;;
            --signal=10 | --signal=USR1) word=--signal=USR2 ;;
        esac
        changed+=("$word")
    done
    real "${changed[@]}"
    exit
fi
