# Starts another container as well.
# subsubtests: long_term_app
if [ "$SUBCOMMAND" = start ]; then
    real start $(real ps --all --quiet --filter label=dockertest.run --filter name=waiting) >/dev/null
fi
