# Ends with status 1 where an unknown option must give 125.
# subsubtests: help_simple
case "$*" in *--quiet*) real "$@" || exit 1 ;; esac
