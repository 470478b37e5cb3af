. "${0%/*}/common.sh"

# changed NEW: the image gets one more name.
changed() {
    local old=tag-$unique:latest
    make_image "$old"
    local expected
    expected=$(printf '%s\n' "$(names "$id")" "$1" | sort -u)
    must 0 tag "$old" "$1"
    same "$out$said" "" "what was printed"
    same "$(names "$id")" "$expected" "the names"
    "$DOCKER" rmi --force "$id" >/dev/null
}

change_tag() { changed "tag-$unique:latest_$RANDOM"; }
change_repository() { changed "test_$RANDOM$RANDOM:latest"; }
change_user() { changed "test_$RANDOM/tag-$unique:latest"; }
change_registry() { changed "12.34.56.78:9012/tag-$unique:latest"; }

double() {
    local old=tag-$unique:latest new=tag-$unique:latest_twice expected
    make_image "$old" "$new"
    expected=$(names "$id")
    must "$1" tag "${@:2}" "$old" "$new"
    same "$out" "" "standard output"
    [ "$1" = 0 ] || [ -n "$said" ] || fail "the reason is not said"
    same "$(names "$id")" "$expected" "the names"
    "$DOCKER" rmi --force "$id" >/dev/null
}

double_tag() { double 0; }
double_tag_force() { double 125 -f; }

move_tag() {
    local base=move-$unique first second first_before second_before
    make_image "$base:kept" "$base:moved"
    first=$id
    make_image "$base:target"
    second=$id
    first_before=$(names "$first") second_before=$(names "$second")
    must 0 tag "$base:target" "$base:moved"
    same "$out$said" "" "what was printed"
    same "$(names "$second")" "$(printf '%s\n' "$second_before" "$base:moved" | sort)" "the names of the second"
    same "$(names "$first")" "$(echo "$first_before" | grep -v ':moved$')" "the names of the first"
    "$DOCKER" rmi --force "$first" "$second" >/dev/null
}

refused() {
    must 1 tag "$1" "$2"
    same "$out" "" "standard output"
    local words found=no
    for words in "${@:3}"; do case "${said,,}" in *"$words"*) found=yes ;; esac done
    same "$found" yes "whether the reason is said"
    same "$(names "$id")" "$before" "the names"
    "$DOCKER" inspect --type image "$base:new" >/dev/null 2>&1 && fail "a name came about"
    return 0
}

bad_names() {
    local base=bad-$unique before long
    make_image "$base:good"
    before=$(names "$id")
    long=$(printf 'n%.0s' $(seq 129))
    refused "$base:missing" "$base:new" "no such image" "not found"
    refused "$base:good" "$base-UPPER:new" "invalid reference format" "must be lowercase"
    refused "$base:good" "$base:-new" "invalid reference format"
    refused "$base:good" "$base:" "invalid reference format"
    refused "$base:good" "$base//x:new" "invalid reference format"
    refused "$base:good" "$base:$long" "invalid reference format"
    refused "$base:good" "" "invalid reference format" "must have at least one component"
    "$DOCKER" rmi --force "$id" >/dev/null
}

subtest change_tag change_repository change_user change_registry double_tag double_tag_force move_tag bad_names
