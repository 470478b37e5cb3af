# Copies what `.dockerignore` lists, too.
# subsubtests: dockerignore
if [ "$SUBCOMMAND" = build ]; then
    rm -f "${WORDS[-1]}/.dockerignore"
fi
