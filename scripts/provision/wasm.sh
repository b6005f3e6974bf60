# Provisions: the third-party prefix for wasm. Needs: sources, emscripten. Fills $out as native does.
. "$(dirname "$0")/../lib.sh"
cmake_options=("-DCMAKE_TOOLCHAIN_FILE=$root/cmake/wasm.toolchain.cmake" -Dgtest_disable_pthreads=ON)
. "$root/scripts/provision/common.sh"

step "Cap'n Proto, wasm" build_capnproto
step "GoogleTest, wasm" build_googletest
install_headers
