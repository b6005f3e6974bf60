# Provisions: what clang 19 (part toolchain) needs beyond itself to make native programs with libFuzzer and
# sanitizers: their runtime, and the C and C++ libraries of the same Debian suite, for the runtime wants
# symbols that an older host lacks. Fills $out: a sysroot, whose programs use its dynamic linker.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/apt.sh"

# What the packages expect of a merged /usr, and the linker's scripts with them.
link_usr() {
  ln -s usr/lib "$out/lib"
  ln -s usr/lib64 "$out/lib64"
}

prepare_suite_apt
step "libFuzzer, sanitizers and their C library" unpack_suite_packages "$out" libclang-rt-19-dev \
  libclang-common-19-dev libc6 libc6-dev linux-libc-dev libcrypt-dev libstdc++6 libstdc++-14-dev libgcc-s1 libgcc-14-dev
link_usr
