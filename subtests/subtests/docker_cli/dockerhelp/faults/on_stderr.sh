# Prints the general help on standard error.
# subsubtests: help_simple
case "$*" in *--help | help) exec "$DOCKER" "$@" >&2 ;; esac
