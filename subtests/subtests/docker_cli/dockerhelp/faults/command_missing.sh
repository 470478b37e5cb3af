# Leaves a command out of the general help.
case "$*" in *help) [ "${SUBCOMMAND:-help}" = help ] && { "$DOCKER" "$@" | grep -v '^  rmi '; exit; } ;; esac
