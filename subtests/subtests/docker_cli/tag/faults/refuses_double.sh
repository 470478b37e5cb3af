# Refuses a name that the image has already, as engines before 1.10 did.
# subsubtests: double_tag
case "$SUBCOMMAND" in
    tag)
        if real image inspect "${!#}" >/dev/null 2>&1; then
            echo "Error response from daemon: Conflict: Tag is already set" >&2
            exit 1
        fi
        ;;
esac
