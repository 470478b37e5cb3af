# Leaves the second mirror out, in the text and as data.
# subsubtests: own_settings
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" | sed -E '/^  https:\/\/mirror-b/d; s#,"https://mirror-b.example/"##g'
    exit "${PIPESTATUS[0]}"
fi
