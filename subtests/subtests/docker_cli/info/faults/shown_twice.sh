# Shows a line of the server a second time, at the end.
# subsubtests: userspace
if [ "${WORDS[*]}" = info ]; then
    real info | sed '$a\ Images: 0'
    exit "${PIPESTATUS[0]}"
fi
