#!/usr/bin/env bash
# Sets up, builds in release mode, and runs the demonstration.
#
#   scripts/demo.sh [-DNAME=VALUE ...]      options for CMake, such as MLIR_DIR
#
# Builds into build/, or $BUILD_DIR (then the source tree may be read-only).
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

"$SOURCE_DIR/scripts/setup.sh" "$@"
configure "$@"
build normc-demo normc-tool norm-opt
"$BUILD_DIR/bin/normc-demo"
