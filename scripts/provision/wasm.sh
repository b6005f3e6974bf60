# Provisions: the third-party prefix for wasm. Needs: sources, emscripten, native (its capnp compiler).
# Fills $out as native does, without programs. Cap'n Proto is its lite variant: no reflection.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/provision/wasm_options.sh"
capnproto_options=(-DCAPNP_LITE=ON -DEXTERNAL_CAPNP=ON "-DCAPNP_EXECUTABLE=$native/bin/capnp"
  "-DCAPNPC_CXX_EXECUTABLE=$native/bin/capnpc-c++")
cmake_options+=(-Dgtest_disable_pthreads=ON)
. "$root/scripts/provision/common.sh"

step "Cap'n Proto, wasm" build_capnproto kj capnp
install_capnproto
step "GoogleTest, wasm" build_googletest
install_headers
