#!/bin/sh
# rustdoc with its unstable output for programs. Only for this program and not in the environment of the build: there the
# variable would be seen by build scripts, and everything built twice.
RUSTC_BOOTSTRAP=1 exec "${DOCKERTEST_RUSTDOC:-rustdoc}" "$@"
