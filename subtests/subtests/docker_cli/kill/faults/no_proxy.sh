# The client keeps signals for itself.
# subsubtests: run_sigproxy, attach_sigproxy
case "$SUBCOMMAND" in
    run) real run --sig-proxy=false "${WORDS[@]:1}"; exit ;;
    attach) real attach --sig-proxy=false "${!#}"; exit ;;
esac
