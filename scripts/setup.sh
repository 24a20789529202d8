#!/usr/bin/env bash
# Installs what normc is built with, where something is missing.
#
#   scripts/setup.sh [-DMLIR_DIR=<prefix>/lib/cmake/mlir]
#
# Asks for neither network nor root when nothing is missing. With MLIR_DIR
# (option or environment) LLVM's packages are not looked for. NORMC_SKIP_SETUP=1
# skips everything, on systems whose packages have other names.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

OS_RELEASE=${OS_RELEASE:-/etc/os-release} # The tests set another file.

LLVM_PACKAGES=(llvm-22-dev libmlir-22-dev mlir-22-tools llvm-22-tools)
# LLVM's CMake files look for the first five. The last two are for tests of
# other processors.
LIBRARY_PACKAGES=(libzstd-dev libcurl4-openssl-dev zlib1g-dev libedit-dev
  libxml2-dev libgtest-dev libgmock-dev libbenchmark-dev libtbb-dev
  nlohmann-json3-dev libdlpack-dev qemu-user valgrind g++-aarch64-linux-gnu)

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

has_cmake() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n '1s/.* //p') &&
    [[ $(printf '%s\n' 3.25 "$version" | sort -V | head -n 1) == 3.25 ]]
}

# Fills `missing` with the packages to install.
find_missing() {
  local package packages=("${LIBRARY_PACKAGES[@]}")
  [[ -n $MLIR_DIR ]] || packages=("${LLVM_PACKAGES[@]}" "${packages[@]}")
  missing=()
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  # Tools may have come another way than by a package.
  has_cmake || missing+=(cmake)
  command -v ninja >/dev/null || missing+=(ninja-build)
  command -v c++ >/dev/null || missing+=(g++)
  command -v python3 >/dev/null || missing+=(python3)
  # A reference of the tests.
  python3 -c 'import numpy' 2>/dev/null || missing+=(python3-numpy)
}

check_mlir_dir() {
  local file=$MLIR_DIR/MLIRConfigVersion.cmake version
  [[ -f $file ]] || fail "expected MLIRConfig.cmake and" \
    "MLIRConfigVersion.cmake in MLIR_DIR, but '$MLIR_DIR' has none"
  version=$(sed -n 's/^set(PACKAGE_VERSION "\(.*\)")$/\1/p' "$file")
  [[ $version == 22.1 || $version == 22.1.* ]] ||
    fail "expected LLVM 22.1, but MLIR_DIR '$MLIR_DIR' is LLVM '$version'"
}

# os_release FIELD: what the system says of itself; nothing where it is silent.
os_release() {
  sed -n "s/^$1=//p" "$OS_RELEASE" 2>/dev/null | tr -d "\"'" || true
}

check_distribution() {
  local ids name
  ids=" $(os_release ID) $(os_release ID_LIKE) "
  if [[ $ids == *" debian "* || $ids == *" ubuntu "* ]] &&
    command -v apt-get dpkg-query >/dev/null; then
    return
  fi
  name=$(os_release PRETTY_NAME)
  say "expected Debian or a distribution like it, but this is" \
    "'${name:-unknown}'"
  say "install LLVM and MLIR 22.1, GoogleTest, Google Benchmark, oneTBB," \
    "nlohmann-json 3.11, DLPack, QEMU's user mode, Valgrind, CMake 3.25, Ninja," \
    "C++20 compilers for this machine and AArch64, and Python 3 with NumPy by" \
    "its own means, then"
  fail "run NORMC_SKIP_SETUP=1 MLIR_DIR=<prefix>/lib/cmake/mlir" \
    "scripts/demo.sh"
}

# The line for the user to run, and the end.
give_up() {
  local absent=()
  mapfile -t absent < <(not_offered "${apt_options[@]}")
  if ((${#absent[@]})); then
    say "this machine's package sources don't offer ${absent[*]}"
    say "LLVM 22.1 is in Debian 12's security suite (bookworm-security) and in" \
      "the LLVM project's packages for Debian and Ubuntu: add one of them to" \
      "apt's sources, or pass -DMLIR_DIR of an LLVM 22.1 of your own"
  fi
  say "$*; as root, run"
  echo "apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
  exit 1
}

# Runs a command as root, or fails without asking for a password.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# Packages of `missing` that apt, called with the given options, doesn't offer.
not_offered() {
  local package
  for package in "${missing[@]}"; do
    [[ -n $(apt-cache "$@" madison "$package" 2>/dev/null) ]] ||
      echo "$package"
  done
}

# A minimal Debian lists its main suite only, and LLVM 22 is in the security
# suite. Shows apt that suite, beside the system's own, for this run: fills
# `apt_options`. Nothing is written to the system's configuration.
add_security_suite() {
  local codename uri sources=$1
  codename=$(os_release VERSION_CODENAME)
  [[ $(os_release ID) == debian && -n $codename ]] || return 0
  # shellcheck disable=SC2016 # apt's own variables.
  uri=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
    'Created-By: Packages' 2>/dev/null |
    sed -n "s|^$codename \(.*/debian\)/*\$|\1-security/|p" | head -n 1)
  [[ -n $uri ]] || return 0
  say "also reading Debian's security suite, $uri, for this installation"
  cp -R /etc/apt/sources.list.d/. "$sources" 2>/dev/null || true
  echo "deb $uri $codename-security main" >"$sources/normc-security.list"
  chmod -R a+rX "$sources" # apt reads it as its own user.
  apt_options=(-o "Dir::Etc::SourceParts=$sources")
}

update() {
  # Otherwise what can't be fetched is only warned of.
  as_root apt-get "${apt_options[@]}" -o APT::Update::Error-Mode=any update >&2
}

install_missing() {
  local updated=yes sources
  as_root true 2>/dev/null || give_up "missing ${missing[*]}, and this is" \
    "neither root nor can sudo be used without a password"
  say "installing ${missing[*]}"
  # A source that fails is no harm, if the others have the packages.
  update || updated=no
  sources=$(mktemp -d)
  # shellcheck disable=SC2064 # The value of now.
  trap "rm -rf '$sources'" EXIT
  if [[ -n $(not_offered) ]]; then
    add_security_suite "$sources"
    ((${#apt_options[@]} == 0)) || update || updated=no
  fi
  if [[ -n $(not_offered "${apt_options[@]}") ]]; then
    [[ $updated == yes ]] || give_up "'apt-get update' failed"
    give_up "packages are missing"
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" \
    install --yes --no-install-recommends "${missing[@]}" >&2 ||
    give_up "'apt-get install' failed"
}

apt_options=()
[[ ${NORMC_SKIP_SETUP:-} != 1 ]] || exit 0
find_mlir_dir "$@"
[[ -z $MLIR_DIR ]] || check_mlir_dir
check_distribution
find_missing
((${#missing[@]} == 0)) || install_missing
