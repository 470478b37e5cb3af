# Takes no notice of --follow-link.
# subsubtests: folders
if [ "$SUBCOMMAND" = cp ] && [ "${WORDS[1]}" = --follow-link ]; then
    real cp "${WORDS[@]:2}"
    exit
fi
