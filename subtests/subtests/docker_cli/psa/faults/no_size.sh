# Says that no container has written anything.
if [ "$SUBCOMMAND" = ps ]; then
    real "${WORDS[@]}" | sed -E 's/[0-9.]+k?B \(virtual/0B (virtual/'
    exit 0
fi
