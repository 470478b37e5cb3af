# A client that is killed takes its container along.
# subsubtests: run_sigproxy, attach_sigproxy_stress
case "$SUBCOMMAND" in
    run | attach)
        # Named by the first word that looks like a name of ours.
        name=$(printf '%s\n' "${WORDS[@]}" | sed -n 's/^--name=//; /^test-/{p;q}')
        client=$$
        setsid sh -c "while kill -0 $client 2>/dev/null; do sleep 0.05; done; \"$DOCKER\" kill $name" >/dev/null 2>&1 </dev/null &
        ;;
esac
