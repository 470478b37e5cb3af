# Tells an id that is not the image's.
# subsubtests: local_path, addurl
if [ "$SUBCOMMAND" = build ]; then
    real "${WORDS[@]}" | sed -E 's/^(Successfully built )..../\10000/; s/^[0-9a-f]{64}$/0000000000000000000000000000000000000000000000000000000000000000/'
    exit "${PIPESTATUS[0]}"
fi
