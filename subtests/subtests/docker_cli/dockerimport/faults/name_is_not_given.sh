# Imports the archive, but does not give the image its name.
# subsubtests: empty
if [ "$SUBCOMMAND" = import ]; then
    real import -
    exit
fi
