# Refuses an empty word without a word.
# subsubtests: help_simple
if [ $# -gt 0 ] && [ -z "${!#}" ]; then
    exit 1
fi
