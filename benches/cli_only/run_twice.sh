. "${0%/*}/common.sh"

known() {
    "$DOCKER" inspect "$name"
}

ran_well() {
    must 0 run --name "$name" --network none "$IMAGE" /bin/bash -c "echo 'test $name'"
    same "$out" "test $name"$'\n' "what was printed"
    same "$said" "" "standard error"
    id=$("$DOCKER" inspect --format '{{.Id}}' "$name")
    same "$("$DOCKER" inspect --format '{{.Name}}' "$id")" "/$name" "the name"
    same "$("$DOCKER" inspect --format '{{join .Config.Cmd " "}}' "$id")" "/bin/bash -c echo 'test $name'" "the command"
    same "$("$DOCKER" inspect --format '{{.State.Running}} {{.State.ExitCode}}' "$id")" "false 0" "the state"
    same "$("$DOCKER" logs "$id")" "test $name" "what was written"
    alone
}

alone() {
    same "$("$DOCKER" ps --all --quiet --no-trunc --filter "name=$name")" "$id" "the containers of this test"
}

twice() {
    name=twice-$unique
    ran_well
    local first=$id before
    before=$(known)
    for try in "run 125" "create 1"; do
        must "${try#* }" "${try% *}" --name "$name" --network none "$IMAGE" /bin/bash -c "echo 'test $name'"
        same "$out" "" "standard output"
        has "$said" "already in use" "the reason"
        has "$said" "$name" "the name"
        has "$said" "$first" "who has it"
        same "$(known)" "$before" "the first container"
        same "$("$DOCKER" logs "$name" 2>&1)" "test $name" "what it wrote"
        alone
    done
    "$DOCKER" rm "$name" >/dev/null || fail "rm"
    ran_well
    [ "$id" != "$first" ] || fail "the container is the same"
    "$DOCKER" rm --force "$name" >/dev/null
}

subtest twice
