# Says in the text that the client is in debug mode.
# subsubtests: userspace
if [ "${WORDS[*]}" = info ]; then
    real info | sed '1,/^Server/ s/Debug Mode: false/Debug Mode: true/'
    exit "${PIPESTATUS[0]}"
fi
