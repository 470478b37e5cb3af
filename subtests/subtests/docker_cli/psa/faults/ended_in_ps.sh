# Lists containers that have ended although --all was not given.
if [ "${WORDS[*]}" = ps ]; then
    real ps --all
    exit
fi
