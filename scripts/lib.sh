# Shared by the scripts of this folder; sourced, not run.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\033[1m' RED=$'\033[31m' RESET=$'\033[0m'
else
  BOLD='' RED='' RESET=''
fi

# Where packages come through a proxy, servers on this machine must not be looked for behind it.
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"

# step TEXT: says what comes now, and how long the script has run.
step() { printf '%s==> %s%s  [%d:%02d]\n' "$BOLD" "$*" "$RESET" $((SECONDS / 60)) $((SECONDS % 60)); }
die() { printf '%serror:%s %s\n' "$RED" "$RESET" "$*" >&2; exit 1; }

# as_root COMMAND...: runs it as root, through sudo where needed.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "'$*' needs root: run this script as root, or install sudo"; fi
}
