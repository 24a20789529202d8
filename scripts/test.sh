#!/usr/bin/env bash
# Sets up, builds everything in release mode, and runs every test.
#
#   scripts/test.sh [-DNAME=VALUE ...]      options for CMake, such as MLIR_DIR
#
# Builds into build/, or $BUILD_DIR. The last line is "N passed, N failed".
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

"$SOURCE_DIR/scripts/setup.sh" "$@"
configure "$@" -DNORMC_BUILD_TESTS=ON
build all

log=$BUILD_DIR/test.log
status=0
ctest --test-dir "$BUILD_DIR" --output-on-failure --no-tests=error \
  -j "$(build_jobs)" 2>&1 | tee "$log" || status=$?

summary=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log")
read -r failed total <<<"${summary:-1 1}"
echo "$((total - failed)) passed, $failed failed"
exit "$status"
