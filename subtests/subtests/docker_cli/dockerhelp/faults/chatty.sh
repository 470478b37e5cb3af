# Says something on standard error while it helps.
# subsubtests: help_simple
case "$*" in *--help) echo "a new version is available" >&2 ;; esac
