# What every script of ./dev shares: places, steps with a log, errors. Sourced, never run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${TABLOG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tablog}"
jobs=$(nproc)
log="${TABLOG_LOG:-$root/build/logs/dev.log}"
export TABLOG_LOG="$log"

# Begins a command's log; what the last run of it left is gone.
log_start() {
  mkdir -p "$(dirname "$log")"
  : >"$log"
}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# step WHAT COMMAND…: runs the command with its output in the log; prints one line with the seconds, and on a
# terminal the latest output meanwhile. On failure it prints the end of the log and exits.
step() {
  local what=$1 start=$SECONDS status
  shift
  mkdir -p "$(dirname "$log")"
  printf '  %-50s ' "$what …"
  printf '\n### %s: %s\n' "$what" "$*" >>"$log"
  # Not `if "$@"` or `"$@" ||`: they would switch off errexit inside functions.
  set +e
  (
    set -e
    "$@"
  ) </dev/null 2>&1 | show_latest "$what …"
  status=${PIPESTATUS[0]}
  set -e
  if ((status != 0)); then
    printf 'FAILED after %d s\n' $((SECONDS - start))
    { tail -n 40 "$log"; printf '\n%s failed with exit code %d; the whole log: %s\n' "$what" "$status" "$log"; } >&2
    exit 1
  fi
  printf '%4d s\n' $((SECONDS - start))
}

# Copies its input to the log; on a terminal it also keeps the latest line behind the step's name.
show_latest() {
  if [[ ! -t 1 ]]; then
    cat >>"$log"
    return
  fi
  local line room=$((${COLUMNS:-80} - 54))
  while IFS= read -r line || [[ -n $line ]]; do
    printf '%s\n' "$line" >>"$log"
    line=${line//[^[:print:]]/}
    printf '\r  %-50s %s\e[K' "$1" "${line:0:room}"
  done
  printf '\r  %-50s \e[K' "$1"
}

# A short name for the content of the given files and words.
hash_of() {
  { for name in "$@"; do if [[ -f $name ]]; then cat "$name"; else printf '%s\n' "$name"; fi; done; } |
    sha256sum | cut -c1-12
}
