# Provisions: the third-party prefix for wasm. Needs: sources, emscripten. Fills $out as native does.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/provision/wasm_options.sh"
cmake_options+=(-Dgtest_disable_pthreads=ON)
. "$root/scripts/provision/common.sh"

step "Cap'n Proto, wasm" build_capnproto
step "GoogleTest, wasm" build_googletest
install_headers
