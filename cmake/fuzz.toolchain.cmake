# clang 19 with libFuzzer, on the C and C++ libraries that ./dev setup has unpacked beside it: programs
# run on that sysroot's dynamic linker, so an older host is no matter.
get_filename_component(deps "${CMAKE_CURRENT_LIST_DIR}/../.deps" ABSOLUTE)
set(llvm "${deps}/toolchain/usr/lib/llvm-19/bin")
set(CMAKE_SYSROOT "${deps}/fuzz")
set(triple x86_64-linux-gnu)

set(CMAKE_C_COMPILER "${llvm}/clang")
set(CMAKE_CXX_COMPILER "${llvm}/clang++")
set(CMAKE_AR "${llvm}/llvm-ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${llvm}/llvm-ranlib" CACHE FILEPATH "")
set(places "--gcc-install-dir=${CMAKE_SYSROOT}/usr/lib/gcc/${triple}/14"
           "-resource-dir=${CMAKE_SYSROOT}/usr/lib/llvm-19/lib/clang/19")
list(JOIN places " " places)
set(CMAKE_C_FLAGS_INIT "${places}")
set(CMAKE_CXX_FLAGS_INIT "${places}")
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-fuse-ld=lld -Wl,--dynamic-linker=${CMAKE_SYSROOT}/lib64/ld-linux-x86-64.so.2 \
-Wl,-rpath,${CMAKE_SYSROOT}/usr/lib/${triple}")

# Packages and programs are ours, by their whole paths.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE NEVER)
