# Prints the id of another image.
# subsubtests: empty
if [ "$SUBCOMMAND" = import ]; then
    real "${WORDS[@]}" | rev | sed -E 's/^(.)(.*)$/\2\1/' | rev
    exit "${PIPESTATUS[0]}"
fi
