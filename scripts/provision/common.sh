# How the third-party libraries are built, natively and for wasm. Sourced after lib.sh; $out, what it is
# built from ($sources, or $amalgamation) and the array cmake_options come from the caller.

configure() {
  cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS_RELEASE=-O2 -DCMAKE_CXX_FLAGS_RELEASE=-O2 "${cmake_options[@]}" "${@:3}"
}

# Ours is the build, not the sources: see cmake/capnproto/CMakeLists.txt.
build_capnproto() {
  configure "$root/cmake/capnproto" capnproto "-DTABLOG_CAPNP_SOURCE=$(echo "$sources"/capnproto/*)" \
    -DCMAKE_INSTALL_PREFIX="$out"
  cmake --build capnproto --parallel "$jobs"
  cmake --install capnproto
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
