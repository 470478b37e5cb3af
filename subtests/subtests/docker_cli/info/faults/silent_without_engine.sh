# Does not say why it fails when no engine answers.
# subsubtests: unreachable
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" 2>/dev/null | grep -v -i connect
    exit "${PIPESTATUS[0]}"
fi
