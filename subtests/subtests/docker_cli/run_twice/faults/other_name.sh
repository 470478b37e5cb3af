# Says that the name is taken, and makes the second container under another one.
if [ "$SUBCOMMAND" = create ]; then
    real "${WORDS[@]}"
    status=$?
    if [ "$status" != 0 ]; then
        other=()
        for word in "${WORDS[@]}"; do
            case "$word" in --name=*) ;; *) other+=("$word") ;; esac
        done
        real "${other[@]}" >/dev/null
    fi
    exit "$status"
fi
