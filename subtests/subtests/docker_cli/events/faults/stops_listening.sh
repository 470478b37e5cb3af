# Ends by itself after the container was removed.
if [ "$SUBCOMMAND" = events ] && [[ " ${WORDS[*]} " != *" --until "* ]]; then
    real "${WORDS[@]}" > >(sed -u '/ destroy \|"destroy"/q') 2>/dev/null &
    client=$!
    trap 'kill $client' EXIT TERM INT
    real events --since "${WORDS[2]}" --filter event=destroy | head -n 1 >/dev/null
    exit 0
fi
