# Provisions: SQLite for wasm. Needs: emscripten. Fills $out as sqlite-native does.
. "$(dirname "$0")/../lib.sh"
cmake_options=("-DCMAKE_TOOLCHAIN_FILE=$root/cmake/wasm.toolchain.cmake")
. "$root/scripts/provision/common.sh"

step "SQLite, wasm" build_sqlite
