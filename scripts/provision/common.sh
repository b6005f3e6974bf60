# How the third-party libraries are built, natively and for wasm. Sourced after lib.sh; $out, what it is
# built from ($sources and $capnp, or $amalgamation) and the array cmake_options come from the caller.

configure() {
  cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS_RELEASE=-O2 -DCMAKE_CXX_FLAGS_RELEASE=-O2 "${cmake_options[@]}" "${@:3}"
}

# The lite variant (no reflection, no text form), natively too: one code path, and a quarter of the compiling.
build_capnproto() {
  configure "$(echo "$sources"/capnproto/*)" capnproto -DCAPNP_LITE=ON -DEXTERNAL_CAPNP=ON \
    "-DCAPNP_EXECUTABLE=$capnp/bin/capnp" "-DCAPNPC_CXX_EXECUTABLE=$capnp/bin/capnpc-c++" \
    -DBUILD_TESTING=OFF -DWITH_OPENSSL=OFF -DWITH_ZLIB=OFF -DWITH_FIBERS=OFF
  cmake --build capnproto --target kj capnp --parallel "$jobs"
}

install_capnproto() {
  local library source
  source=$(echo "$sources"/capnproto/*)
  mkdir -p "$out"/{lib,include/kj,include/capnp}
  cp capnproto/src/kj/libkj.a capnproto/src/capnp/libcapnp.a "$out/lib/"
  for library in kj capnp; do cp "$source/src/$library/"*.h "$out/include/$library/"; done
  cp "$source/src/capnp/"*.capnp "$out/include/capnp/"
}

build_sqlite() {
  configure "$root/cmake/sqlite" sqlite -DTABLOG_SQLITE_SOURCE="$amalgamation" -DCMAKE_INSTALL_PREFIX="$out"
  cmake --build sqlite
  cmake --install sqlite
}

build_googletest() {
  configure "$sources/root/usr/src/googletest" googletest \
    -DCMAKE_INSTALL_PREFIX="$out" -DCMAKE_INSTALL_LIBDIR=lib
  cmake --build googletest --parallel "$jobs"
  cmake --install googletest
}

install_headers() {
  cp -r "$sources"/root/usr/include/{range,concepts,meta,std,CLI,xxhash.h,xxh3.h} "$out/include/"
}
