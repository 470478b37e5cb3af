# Kills the container and does not remove it.
# subsubtests: forced
if [ "$SUBCOMMAND" = rm ]; then
    case " ${WORDS[*]} " in *" --force "*) exec "$DOCKER" "${GLOBALS[@]}" kill "${!#}" ;; esac
fi
