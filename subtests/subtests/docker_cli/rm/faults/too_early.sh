# Is back before the container is gone.
# subsubtests: forced
if [ "$SUBCOMMAND" = rm ]; then
    case " ${WORDS[*]} " in
        *" --force "*)
            (sleep 1; real "${WORDS[@]}") >/dev/null 2>&1 &
            echo "${!#}"
            exit 0
            ;;
    esac
fi
