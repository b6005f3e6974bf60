# Sets up what a command needs: `setup.sh tools npm native wasm lint fuzz browser firefox`, in any selection.
# Each third-party part is made once per machine, in a cache outside the checkout, under a name that
# holds the hash of what it was made from; .deps/ in the checkout links to the parts in use.
. "$(dirname "$0")/lib.sh"
. "$root/scripts/apt.sh"
deps="$root/.deps"

script_of() { echo "$root/scripts/provision/$1.sh"; }

# provide PART KEY [VARIABLE=VALUE…]: makes the part unless the cache has it, and links it.
provide() {
  local part=$1 final="$cache/$1-$2" lock
  shift 2
  mkdir -p "$cache" "$deps"
  if [[ ! -d $final ]]; then
    exec {lock}>"$cache/$part.lock"
    flock -n "$lock" || { echo "  Another set-up is making $part; waiting for it."; flock "$lock"; }
    if [[ ! -d $final ]]; then
      local scratch
      scratch=$(mktemp -d "$cache/.making-$part.XXXXXX")
      mkdir "$scratch/out" "$scratch/work"
      (cd "$scratch/work" && env "$@" out="$scratch/out" final="$final" bash "$(script_of "$part")") || {
        rm -rf "$scratch"
        exit 1
      }
      mv -T "$scratch/out" "$final"
      rm -rf "$scratch"
    fi
    exec {lock}>&-
  fi
  [[ $(readlink "$deps/$part") == "$final" ]] || ln -sfnT "$final" "$deps/$part"
}

set_up_sources() { provide sources "$(hash_of "$suite" "$(script_of sources)")"; }

set_up_toolchain() { provide toolchain "$(hash_of "$suite" "$(script_of toolchain)")"; }

# An Emscripten on PATH that is new enough wins over the provisioned one.
set_up_emscripten() {
  local home version
  home=$(command -v emcc >/dev/null && em-config EMSCRIPTEN_ROOT 2>/dev/null) || home=
  version=$(cat "$home/emscripten-version.txt" 2>/dev/null | tr -d '"') || version=
  if [[ -z $version || $(printf '%s\n3.1.69\n' "$version" | sort -V | head -1) != 3.1.69 ]]; then
    set_up_toolchain
    home="$deps/toolchain/usr/share/emscripten"
  fi
  ln -sfnT "$(realpath "$home")" "$deps/emscripten"
}

# What SQLite is built from: the amalgamation that the lock file pins, and the options.
export amalgamation="$root/node_modules/better-sqlite3/deps/sqlite3"
set_up_sqlite_source() {
  set_up_npm
  sqlite=$(hash_of "$(grep -A 4 '"node_modules/better-sqlite3"' "$root/package-lock.json")" "$root"/cmake/sqlite/*)
}

# provide_built PART [VARIABLE=VALUE…]: a part built by common.sh, out of what the values name.
provide_built() {
  provide "$1" "$(hash_of "$(script_of common)" "$(script_of "$1")" "${@:2}")" "${@:2}"
}

set_up_native() {
  set_up_sqlite_source
  set_up_sources
  provide json "$(hash_of "$suite" "$(script_of json)")"
  provide capnp "$(hash_of "$suite" "$(script_of capnp)")"
  capnproto=$(hash_of "$root"/cmake/capnproto/*)
  provide_built native sources="$(readlink "$deps/sources")" capnproto="$capnproto"
  provide_built sqlite-native sqlite="$sqlite"
}

set_up_wasm() {
  set_up_emscripten
  set_up_native
  local compiler
  compiler=$(hash_of "$(readlink "$deps/emscripten")" "$root/cmake/wasm.toolchain.cmake")
  provide_built wasm sources="$(readlink "$deps/sources")" compiler="$compiler" capnproto="$capnproto"
  provide_built sqlite-wasm compiler="$compiler" sqlite="$sqlite"
}

# What a fresh machine is expected to have already.
set_up_tools() {
  need_host_packages cmake:cmake ninja:ninja-build g++:g++ ccache:ccache flock:util-linux git:git
  local version
  version=$(node --version 2>/dev/null) || fail "Node is missing: install Node 20 or later, with npm."
  version=${version#v}
  ((${version%%.*} >= 20)) || fail "Node $version is too old: install Node 20 or later, with npm."
  command -v npm >/dev/null || fail "npm is missing: install it with Node 20 or later."
  # Compilations, remembered for every checkout and build directory of this machine.
  mkdir -p "$cache/ccache"
  [[ $(readlink "$deps/ccache") == "$cache/ccache" ]] || ln -sfnT "$cache/ccache" "$deps/ccache"
}

set_up_lint() { set_up_toolchain; }

set_up_fuzz() {
  set_up_toolchain
  provide fuzz "$(hash_of "$suite" "$(script_of fuzz)")"
}

set_up_browser() { [[ -n ${TABLOG_CHROMIUM:-} ]] || need_host_packages chromium:chromium; }

# For the tests alone: what a Firefox writes is read (docs/decisions/browser-profiles.md).
set_up_firefox() {
  [[ -n ${TABLOG_FIREFOX:-} ]] || command -v firefox >/dev/null || need_host_packages firefox-esr:firefox-esr
}

set_up_npm() {
  local key stamp="$root/node_modules/.tablog-stamp"
  key=$(hash_of "$root/package-lock.json")
  [[ $(cat "$stamp" 2>/dev/null) == "$key" ]] && return
  (
    flock 9
    [[ $(cat "$stamp" 2>/dev/null) == "$key" ]] && exit
    cd "$root"
    step "npm ci" npm ci --ignore-scripts --no-audit --no-fund
    echo "$key" >"$stamp"
  ) 9>"$deps/npm.lock"
}

mkdir -p "$deps"
for want in "$@"; do "set_up_$want"; done
