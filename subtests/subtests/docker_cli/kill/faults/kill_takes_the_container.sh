# A client that is killed takes its container along.
# subsubtests: run_sigproxy, attach_sigproxy_stress
case "$SUBCOMMAND ${WORDS[*]}" in
    *--detach*) ;;
    run* | attach*)
        name=$(printf '%s\n' "${WORDS[@]}" | sed -n 's/^--name=//; /^test-/{p;q}')
        setsid sh -c "while kill -0 $$; do sleep 0.01; done; '$DOCKER' kill $name" >/dev/null 2>&1 </dev/null &
        ;;
esac
