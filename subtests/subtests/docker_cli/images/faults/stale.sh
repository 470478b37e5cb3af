# Lists what was there when it was asked the first time.
case "$SUBCOMMAND" in
    images)
        file=$FAULT_STATE/$(printf '%s' "${WORDS[*]}" | tr -c 'a-z' '_')
        [ -f "$file" ] || real "${WORDS[@]}" >"$file"
        cat "$file"
        exit 0
        ;;
esac
