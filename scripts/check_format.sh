#!/usr/bin/env bash
# Whether every C++ file is formatted as .clang-format says. --fix formats them.
source "$(dirname "$0")/lib.sh"
cd "$ROOT"
FORMAT=$(command -v clang-format-14 || die "clang-format-14 is missing: run scripts/setup.sh")
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.h' '*.cc')
if [ "${1:-}" = --fix ]; then
  "$FORMAT" -i "${files[@]}"
else
  "$FORMAT" --dry-run --Werror "${files[@]}" ||
    die "run scripts/check_format.sh --fix"
fi
