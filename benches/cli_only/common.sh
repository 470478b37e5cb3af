# What the subtests of this folder have in common: the same checks as the bundled subtests of the same names, as they are
# written where there is nothing but the command line. $DOCKER is the program, $IMAGE an image with busybox and bash.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unique=$$-$RANDOM$RANDOM

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# same SEEN EXPECTED WHAT
same() {
    [ "$1" = "$2" ] || fail "$3: expected \`$2\`, seen \`$1\`"
}

# has TEXT PART WHAT
has() {
    case "$1" in *"$2"*) ;; *) fail "$3: \`$2\` is not in \`$1\`" ;; esac
}

# The command under test: $status, $out and $said are what came of it.
tried() {
    out=$("$DOCKER" "$@" 2>"$work/said" && echo x) || { status=$?; out=$out"x"; }
    status=${status:-0}
    out=${out%x}
    said=$(cat "$work/said")
}

# must STATUS WORDS...
must() {
    local expected=$1
    shift
    status=0
    tried "$@"
    same "$status" "$expected" "the status of \`docker $*\`"
}

# All names of an image; none if it is gone.
names() {
    "$DOCKER" inspect --type image --format '{{join .RepoTags "\n"}}' "$1" 2>/dev/null | sort
}

# A new image under these names; $id is its id.
make_image() {
    mkdir -p "$work/root"
    echo "$unique $RANDOM" >"$work/root/marker"
    id=$(tar -cf - -C "$work/root" . | "$DOCKER" import --change 'CMD ["/none"]' - "$1") || fail "import"
    shift
    local name
    for name in "$@"; do "$DOCKER" tag "$id" "$name" || fail "tag"; done
}

# What there is in the engine, by id.
inventory() {
    "$DOCKER" ps --all --quiet --no-trunc
    "$DOCKER" images --all --quiet --no-trunc | sort -u
    "$DOCKER" volume ls --quiet
    "$DOCKER" network ls --quiet --no-trunc
}

# subtest FUNCTION...: each of them, and nothing is left over.
subtest() {
    local before test
    before=$(inventory)
    for test in "$@"; do "$test"; done
    same "$(inventory)" "$before" "what is in the engine"
}
