# Builds the image and says that it has the name, but gives it none.
# subsubtests: local_path, jsonvol
if [ "$SUBCOMMAND" = build ]; then
    rest=()
    name=
    for word in "${WORDS[@]}"; do
        case "$name" in
            next) name=$word ;;
            *) if [ "$word" = -t ]; then name=next; else rest+=("$word"); fi ;;
        esac
    done
    real "${rest[@]}" && echo "Successfully tagged $name"
    exit
fi
