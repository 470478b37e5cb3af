# Says that it stopped the container, and does not.
# subsubtests: sigstop, sigstop_ttyoff
case "$SUBCOMMAND ${WORDS[*]}" in
    *' 19 '* | *STOP\ * | *=19\ *) echo "${!#}"; exit 0 ;;
esac
