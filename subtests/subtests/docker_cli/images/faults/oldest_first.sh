# Lists the oldest image first.
case "$SUBCOMMAND" in
    images)
        output=$(real "${WORDS[@]}") || exit
        head -1 <<<"$output"
        tail -n +2 <<<"$output" | tac
        exit 0
        ;;
esac
