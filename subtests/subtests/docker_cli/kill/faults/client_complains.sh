# The client of a container prints something on standard error.
# subsubtests: random_num, attach_sigproxy
case "$SUBCOMMAND" in
    run | attach) echo 'WARNING: something may be wrong' >&2 ;;
esac
