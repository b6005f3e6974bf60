# Provisions: the native third-party prefix. Needs: sources.
# Fills $out: include/, lib/, bin/capnp, bin/capnpc-c++, and GoogleTest's CMake package.
. "$(dirname "$0")/../lib.sh"
cmake_options=(-DCMAKE_CXX_FLAGS=-ffp-contract=off)
capnproto_options=()
. "$root/scripts/provision/common.sh"

step "Cap'n Proto, native (library and compiler)" build_capnproto capnp_tool capnpc_cpp
install_capnproto
cp capnproto/src/capnp/{capnp,capnpc-c++} "$out/bin/"
step "GoogleTest, native" build_googletest
install_headers
