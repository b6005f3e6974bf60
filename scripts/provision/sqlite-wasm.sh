# Provisions: SQLite for wasm. Needs: emscripten. Fills $out as sqlite-native does.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/provision/wasm_options.sh"
. "$root/scripts/provision/common.sh"

step "SQLite, wasm" build_sqlite
