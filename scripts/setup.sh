# Sets up what a command needs: `setup.sh native npm wasm lint browser`, in any selection.
# Each third-party part is made once per machine, in a cache outside the checkout, under a name that
# holds the hash of what it was made from; .deps/ in the checkout links to the parts in use.
. "$(dirname "$0")/lib.sh"
. "$root/scripts/apt.sh"
deps="$root/.deps"

# Parts of the cache. key_PART depends on the script that makes it and on the parts it is made from.
common=("$root/scripts/lib.sh" "$root/scripts/apt.sh")
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

set_up_sources() { provide sources "$(hash_of "${common[@]}" "$(script_of sources)")"; }

set_up_native() {
  set_up_sources
  local sources
  sources=$(readlink "$deps/sources")
  provide native "$(hash_of "${common[@]}" "$(script_of common)" "$(script_of native)" "$sources")" sources="$sources"
}

set_up_npm() {
  local key stamp="$root/node_modules/.tablog-stamp"
  key=$(hash_of "$root/package-lock.json" "$root/package.json")
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
