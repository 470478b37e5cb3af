#!/bin/bash
# A host of dockertest in bash: one subtest, which waits for a moment.
say() { printf '%s\n' "$1"; }
ended() { # VERDICT REASON: what still runs is ended first
    trap '' TERM
    kill $(jobs -p) 2>&- && wait
    say '{"ended":{"verdict":"'"$1"'","reason":"'"$2"'","seconds":0}}'
    exit 0
}
listen() { # while a subtest runs: the runner may want it to stop, or be gone
    while read -r _; do kill -TERM $$; done
    kill -KILL -- -$$ # we lead a group of our own, so this ends our children too
}
say '{"hello":{"protocol":1,"api-version":"0.9.0","program":"bash-host 1.0"}}'
if [ "$1" = list ]; then
    say '{"subtest":{"name":"bash/moment","summary":"Waits for a moment"}}'
    say '{"listed":{"subtests":1}}'
    exit 0
fi
read -r request
[[ $request == *'"protocol":1,'* && $2 == bash/moment ]] || ended ERROR 'nothing that this host can run'
[[ $request == *'"mode":{"cleanup"'* ]] && ended GOOD ''
trap 'ended ABORT "asked to stop"' TERM
listen <&0 &
say '{"phase":{"phase":"run_once"}}'
[[ $request =~ '"moment":{"value":"'([0-9.]+) ]]
sleep "${BASH_REMATCH[1]:-0.1}" &
wait $!
ended GOOD ''
