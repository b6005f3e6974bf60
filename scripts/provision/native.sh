# Provisions: the native third-party prefix. Needs: sources.
# Fills $out: include/, lib/, and GoogleTest's CMake package.
. "$(dirname "$0")/../lib.sh"
cmake_options=(-DCMAKE_CXX_FLAGS=-ffp-contract=off)
. "$root/scripts/provision/common.sh"

step "Cap'n Proto, native" build_capnproto
step "GoogleTest, native" build_googletest
install_headers
