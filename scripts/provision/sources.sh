# Provisions: third-party source code and header-only libraries, native and wasm alike.
# Fills $out: capnproto/ (the release's c++ tree), root/ (unpacked packages).
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/apt.sh"

prepare_suite_apt
step "range-v3, xxHash, CLI11, GoogleTest" \
  unpack_suite_packages "$out/root" librange-v3-dev libxxhash-dev libcli11-dev googletest

# The .orig.tar.gz is all we want, and apt has checked it against the signed lists; where a mirror
# lacks the .dsc, apt-get exits non-zero and the tarball is there all the same.
fetch_capnproto() {
  suite_apt apt-get -q source --download-only capnproto || true
  mkdir "$out/capnproto"
  tar -xzf capnproto_1.1.0.orig.tar.gz -C "$out/capnproto"
  test -f "$(find "$out/capnproto" -name capnpc-c++.c++)"
}
step "Cap'n Proto 1.1.0 source" fetch_capnproto
