# Prints one JSON list in place of a line for each image.
case "$SUBCOMMAND" in
    images)
        [[ ${!#} == *json* ]] && { real "${WORDS[@]}" | sed '1s/^/[/; $!s/$/,/; $s/$/]/'; exit; }
        ;;
esac
