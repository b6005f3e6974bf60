# Runs fuzz targets of build/fuzz, one after the other: `fuzz.sh [TARGET] [SECONDS]`. New inputs are collected in
# build/fuzz/corpus/; those that are saved in tests/fuzz/corpus/ and the seeds are where each begins.
# `fuzz.sh merge [TARGET]` brings into the saved corpus what adds coverage. The first finding ends it all.
. "$(dirname "$0")/lib.sh"
cd "$root"
build=build/fuzz
saved=tests/fuzz/corpus
findings=$build/findings
kept_bytes_max=768 # a checkout stays small
# An input is small, so whatever wants more memory than this wants it unbounded.
limits=(-max_len=16384 -timeout=30 -malloc_limit_mb=64 -rss_limit_mb=2048)
export ASAN_SYMBOLIZER_PATH="$root/.deps/toolchain/usr/lib/llvm-19/bin/llvm-symbolizer"
export UBSAN_OPTIONS=print_stacktrace=1

program() { echo "$build/fuzz/tablog_$1_fuzz"; }
targets() { basename -a "$build"/fuzz/tablog_*_fuzz | sed 's/^tablog_//; s/_fuzz$//'; }

# What the last line of libFuzzer's statistics says of one run.
summary() {
  awk '/^stat::number_of_executed_units/ { runs = $2 } / cov: / { for (i = 1; i < NF; ++i) if ($i == "cov:") edges = $(i + 1) }
    END { printf "%d runs, %d edges\n", runs, edges }' "$1"
}

fuzz() {
  local target=$1 seconds=$2 output="build/logs/fuzz-$1.log"
  mkdir -p "$build/corpus/$target" "$saved/$target" "$findings" build/logs
  printf '  %-20s ' "$target …"
  if nice "$(program "$target")" "$build/corpus/$target" "$saved/$target" "$build/seeds/$target" "${limits[@]}" \
    -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$findings/$target-" >"$output" 2>&1; then
    summary "$output"
  else
    local finding
    finding=$(grep -o "Test unit written to .*" "$output" | sed 's/.* //')
    printf 'FAILED\n'
    { grep -m 1 -E 'does not hold|ERROR|runtime error|Assertion' "$output" || tail -n 20 "$output"; } >&2
    fail "FAIL target=$target; rerun: $(program "$target") $finding" \
      "Its output: $output. Keep the input in $saved/$target/ under a name that says what it shows."
  fi
}

# libFuzzer's choice of few files with the same coverage, and the small ones of them. What was
# saved under a name of its own stays.
merge() {
  local target=$1 scratch
  mkdir -p "$build/corpus/$target" "$saved/$target"
  scratch=$(mktemp -d "$build/merge.XXXXXX")
  step "Merge $target" "$(program "$target")" -set_cover_merge=1 "${limits[@]}" "$scratch" "$saved/$target" \
    "$build/corpus/$target" "$build/seeds/$target"
  find "$saved/$target" -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
  find "$scratch" -type f -size -"${kept_bytes_max}c" -exec cp -n {} "$saved/$target/" \;
  rm -rf "$scratch"
}

"$build/bin/tablog_fuzz_seeds" "$build/seeds"
case ${1:-} in
  merge) for each in ${2:-$(targets)}; do merge "$each"; done ;;
  '' | [0-9]*) for each in $(targets); do fuzz "$each" "${1:-600}"; done ;;
  *)
    [[ -x $(program "$1") ]] || fail "There is no fuzz target $1, only: $(targets | xargs)"
    fuzz "$1" "${2:-600}"
    ;;
esac
