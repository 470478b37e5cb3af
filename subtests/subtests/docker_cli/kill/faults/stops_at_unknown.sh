# Gives up at the first container that is unknown, and leaves the others alone.
# subsubtests: bad
if [ "$SUBCOMMAND" = kill ] && [ "${#WORDS[@]}" -gt 3 ]; then
    for word in "${WORDS[@]:1}"; do
        case "$word" in
            test-*) real inspect "$word" >/dev/null 2>&1 || { real kill "$word"; exit 1; } ;;
        esac
    done
fi
