# Names the usual data folder, whatever the engine uses.
if [ "$SUBCOMMAND" = info ]; then
    real "${WORDS[@]}" | sed -E 's#(Root Dir: ).*#\1/var/lib/dockers#; s#"DockerRootDir":"[^"]*"#"DockerRootDir":"/var/lib/dockers"#'
    exit "${PIPESTATUS[0]}"
fi
