# Provisions: Emscripten 3.1.69 with clang 19, and clang-format-19, clang-tidy-19, from a Debian suite
# later than the host's. The packages are unpacked into $out; each program is told to use the dynamic
# linker and libraries beside it, so the host's C library stays what it is.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/apt.sh"

libraries=(libc6 libstdc++6 libgcc-s1 libllvm19 libclang-cpp19 libclang1-19 zlib1g libzstd1 libxml2
  libedit2 libtinfo6 libffi8 libbsd0 libmd0 liblzma5 libicu76 libz3-4 libgmp10)
lib=usr/lib/x86_64-linux-gnu
rpath="$final/$lib:$final/usr/lib/llvm-19/lib"

need_host_packages patchelf:patchelf python3:python3
prepare_suite_apt

# Most of the emscripten package is prebuilt libraries for modes that are not used here.
unpack_emscripten() {
  local name skip=()
  for name in cache/sysroot/lib/wasm32-emscripten/{lto,pic,lto-pic,libGL-emu*,*-mt*,*-ww*,*asan*,*lsan*} test docs media; do
    skip+=("--exclude=./usr/share/emscripten/$name")
  done
  suite_apt apt-get -q download emscripten node-acorn
  mkdir -p "$out"
  dpkg-deb --fsys-tarfile emscripten_*.deb | tar -x -C "$out" "${skip[@]}"
  dpkg-deb --fsys-tarfile node-acorn_*.deb | tar -x -C "$out"
  rm ./*.deb
}

# Node finds packages by walking up from the importing file.
configure_emscripten() {
  local emscripten="$out/usr/share/emscripten"
  ln -s ../nodejs "$emscripten/node_modules"
  cat >"$emscripten/.emscripten" <<CONFIG
LLVM_ROOT = '$final/usr/bin'
LLVM_ADD_VERSION = '19'
CLANG_ADD_VERSION = '19'
BINARYEN_ROOT = '$final/usr'
NODE_JS = 'node'
FROZEN_CACHE = True  # the package has every library that is used here
CONFIG
}

relocate() {
  local file
  for file in "$out"/usr/lib/llvm-19/bin/{clang,clang-format,clang-tidy,lld,llvm-*} "$out"/usr/bin/wasm-*; do
    [[ $(head -c 4 "$file" | tail -c 3) == ELF ]] || continue
    patchelf --set-interpreter "$final/$lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$rpath" "$file"
  done
  # Libraries with a RUNPATH of their own would look on the host for what they need.
  for file in "$out/$lib"/lib{LLVM,clang,clang-cpp}*.so* ; do
    [[ -L $file ]] || patchelf --force-rpath --set-rpath "$rpath" "$file"
  done
}

step "Emscripten 3.1.69" unpack_emscripten
step "clang 19 and Binaryen" unpack_suite_packages "$out" binaryen clang-19 lld-19 llvm-19 \
  clang-format-19 clang-tidy-19 libclang-common-19-dev "${libraries[@]}"
configure_emscripten
step "Relocation of their programs" relocate
