# Builds nothing, and says that it did.
if [ "$SUBCOMMAND" = build ]; then
    echo "Successfully built 0123456789ab"
    exit 0
fi
