# Replaces a link in a container by the file that is copied to where it leads.
# subsubtests: cp_symlink
if [ "$SUBCOMMAND" = cp ] && [[ ${WORDS[*]: -1} == *:/mylink ]]; then
    container=${WORDS[*]: -1}
    container=${container%%:*}
    real exec "$container" rm /mylink
fi
