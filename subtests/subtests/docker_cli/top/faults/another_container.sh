# Shows the processes of another container.
# subsubtests: runsleep, loops
if [ "$SUBCOMMAND" = top ]; then
    own=$(real inspect --format '{{.Id}}' "${WORDS[1]}") || exit 1
    other=$(real ps --quiet --no-trunc | grep -v "$own" | head -n 1)
    real top "$other" "${WORDS[@]:2}"
    exit
fi
