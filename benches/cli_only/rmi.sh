. "${0%/*}/common.sh"

# An image under these names, and another one that must stay as it is.
made() {
    base=rmi-$unique
    make_image "$base:bystander"
    bystander=$id
    bystander_before=$(names "$bystander")
    make_image "$@"
}

stays() {
    same "$(names "$bystander")" "$bystander_before" "the names of another image"
}

only_tag() {
    made "rmi-$unique:removed" "rmi-$unique:kept"
    must 0 rmi "$base:removed"
    same "$out" "Untagged: $base:removed"$'\n' "what was printed"
    same "$(names "$id")" "$base:kept" "the names"
    stays
    "$DOCKER" rmi --force "$id" "$bystander" >/dev/null
}

last_tag() {
    made "rmi-$unique:removed"
    local layer
    layer=$("$DOCKER" inspect --format '{{index .RootFS.Layers 0}}' "$id")
    must 0 rmi "$base:removed"
    same "$out" "Untagged: $base:removed"$'\n'"Deleted: $id"$'\n'"Deleted: $layer"$'\n' "what was printed"
    same "$(names "$id")" "" "the names"
    stays
    "$DOCKER" inspect --type image "$id" >/dev/null 2>&1 && fail "the image is still there"
    "$DOCKER" rmi --force "$bystander" >/dev/null
}

delete_wrong_name() {
    made "rmi-$unique:kept"
    local before
    before=$(names "$id")
    must 1 rmi "$base:missing"
    same "$out" "" "standard output"
    has "${said,,}" "no such image" "the reason"
    has "$said" "$base:missing" "the name"
    same "$(names "$id")" "$before" "the names"
    stays
    "$DOCKER" rmi --force "$id" "$bystander" >/dev/null
}

# A container of this image that has written a file and ended; prints its id.
ended() {
    local container
    container=$("$DOCKER" run --detach "$1" bash -c "echo $unique >/var/data; sync") || fail "run"
    same "$("$DOCKER" wait "$container")" 0 "the status of the container"
    echo "$container"
}

blocked() {
    local name=rmi-$unique:used before first container
    first=$(ended "$IMAGE") || exit 1
    id=$("$DOCKER" commit --author dockertest --message "$unique" "$first" "$name") || fail "commit"
    container=$(ended "$name") || exit 1
    before=$(names "$id")
    if [ "$1" = id ]; then name=$id; fi
    must 1 rmi "$name"
    same "$out" "" "standard output"
    has "${said,,}" "conflict: unable to" "the reason"
    has "$said" "${container:0:12}" "who uses it"
    same "$(names "$id")" "$before" "the names"
    same "$("$DOCKER" inspect --format '{{.Image}}' "$container")" "$id" "the image of the container"
    "$DOCKER" rm --force "$container" "$first" >/dev/null
    "$DOCKER" rmi --force "$id" >/dev/null
}

with_blocking_container_by_tag() { blocked name; }
with_blocking_container_by_id() { blocked id; }

subtest only_tag last_tag delete_wrong_name with_blocking_container_by_tag with_blocking_container_by_id
