#!/usr/bin/env bash
# check-text.sh FILE ...: no trailing whitespace, no tabs outside of makefiles,
# and a newline at the end. Lists what is wrong, and exits 1.
set -euo pipefail

status=0
tab=$'\t'
for file in "$@"; do
  [[ -f $file && -s $file ]] || continue
  if grep -nE "[[:blank:]]+\$|$tab" -- "$file" | sed "s|^|$file:|"; then
    status=1
  fi
  if [[ -n $(tail -c 1 -- "$file") ]]; then
    echo "$file: no newline at the end"
    status=1
  fi
done
exit "$status"
