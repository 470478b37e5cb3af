# Refuses to copy what is not there, but makes an empty file in its place.
# subsubtests: bad
if [ "$SUBCOMMAND" = cp ]; then
    real "${WORDS[@]}"
    status=$?
    target=${WORDS[*]: -1}
    [ "$status" = 0 ] || [[ $target == *:* ]] || [ -e "$target" ] || touch "$target" 2>/dev/null
    exit "$status"
fi
