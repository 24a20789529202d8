# shellcheck shell=bash
# What the scripts share: where the source and the build are, how many jobs a
# build may run, and how it is configured. Sourced, never run.

# Build tools ask questions on a terminal; a script must not wait for answers.
exec </dev/null

SOURCE_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build}
[[ $BUILD_DIR == /* ]] || BUILD_DIR=$PWD/$BUILD_DIR

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

# The MLIR_DIR of an argument -DMLIR_DIR=..., else of the environment.
find_mlir_dir() {
  local argument
  for argument in "$@"; do
    case $argument in
    -DMLIR_DIR=* | -DMLIR_DIR:PATH=*) MLIR_DIR=${argument#*=} ;;
    -D?*) ;;
    *) fail "expected options for CMake (-DNAME=VALUE), but got '$argument'" ;;
    esac
  done
  MLIR_DIR=${MLIR_DIR:-}
}

# KiB of memory that a build may use: what the machine has free, or less where
# a container is limited to less.
available_memory() {
  local available limit file=/sys/fs/cgroup/memory.max
  available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
  if [[ -r $file ]] && limit=$(<"$file") && [[ $limit =~ ^[0-9]+$ ]]; then
    limit=$((limit / 1024))
    if ((limit < available)); then available=$limit; fi
  fi
  echo "$available"
}

# Jobs of a build: one per core, and 2 GB of memory for each.
build_jobs() {
  local jobs by_memory
  jobs=$(nproc)
  by_memory=$(($(available_memory) / (2 * 1024 * 1024)))
  if ((by_memory < jobs)); then jobs=$by_memory; fi
  if ((jobs < 1)); then jobs=1; fi
  echo "$jobs"
}

# configure [-DNAME=VALUE ...]: the release preset, into BUILD_DIR.
configure() {
  find_mlir_dir "$@"
  (cd -- "$SOURCE_DIR" &&
    cmake --preset release -B "$BUILD_DIR" \
      ${MLIR_DIR:+-DMLIR_DIR="$MLIR_DIR"} "$@")
}

# build target ...
build() {
  cmake --build "$BUILD_DIR" -j "$(build_jobs)" --target "$@"
}
