# Refuses to remove what runs, but kills it.
# subsubtests: forced
if [ "$SUBCOMMAND" = rm ]; then
    case " ${WORDS[*]} " in
        *" --force "*) ;;
        *)
            real "${WORDS[@]}"
            status=$?
            real kill "${!#}" >/dev/null 2>&1
            exit $status
            ;;
    esac
fi
