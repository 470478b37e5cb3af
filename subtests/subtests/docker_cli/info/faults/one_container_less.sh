# Shows one container less in the text than there are.
# subsubtests: userspace
if [ "${WORDS[*]}" = info ]; then
    real info | while IFS= read -r line; do
        case "$line" in
            " Containers: "*) echo " Containers: $((${line#* Containers: } - 1))" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done
    exit "${PIPESTATUS[0]}"
fi
