# Copies what a link leads to in place of the link.
# subsubtests: folders
if [ "$SUBCOMMAND" = cp ] && [ "${#WORDS[@]}" = 3 ]; then
    real cp --follow-link "${WORDS[@]:1}"
    exit
fi
