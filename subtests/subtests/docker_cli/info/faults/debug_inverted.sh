# Says that the debug mode is off, whatever it is.
# subsubtests: own_settings
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" | sed -E '/^Server/,$ s/(Debug Mode: ).*/\1false/; s/"Debug":true/"Debug":false/'
    exit "${PIPESTATUS[0]}"
fi
