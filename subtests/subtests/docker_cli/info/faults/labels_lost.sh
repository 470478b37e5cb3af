# Shows only the first label.
# subsubtests: own_settings
if [ "${WORDS[*]}" = info ]; then
    real info | sed '/com.example.row/d'
    exit "${PIPESTATUS[0]}"
fi
