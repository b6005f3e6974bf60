# Provisions: Cap'n Proto's compiler, from Debian packages of the suite that the library's source is from (it
# is 40 s of compiling less). Fills $out: bin/capnp, bin/capnpc-c++, and the libraries they need.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/apt.sh"

collect() {
  local file lib=root/usr/lib/x86_64-linux-gnu
  mkdir "$out"/{bin,lib}
  cp root/usr/bin/{capnp,capnpc-c++} "$out/bin/"
  cp -L "$lib"/{ld-linux-x86-64.so.2,libc.so.6,libm.so.6,libgcc_s.so.1,libstdc++.so.6} \
    "$lib"/lib{kj,capnp,capnpc,capnp-json}-1.1.0.so "$out/lib/"
  for file in "$out"/bin/*; do
    patchelf --set-interpreter "$final/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$final/lib" "$file"
  done
}

need_host_packages patchelf:patchelf
prepare_suite_apt
step "Cap'n Proto 1.1.0, compiler" unpack_suite_packages "$PWD/root" \
  capnproto libcapnp-1.1.0 libc6 libstdc++6 libgcc-s1
collect
