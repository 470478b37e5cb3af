# Shows what an instruction prints twice.
# subsubtests: https_file, onbuild
if [ "$SUBCOMMAND" = build ]; then
    real "${WORDS[@]}" | sed -E '/^Schazam!$/p'
    exit "${PIPESTATUS[0]}"
fi
