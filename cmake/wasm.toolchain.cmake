# Emscripten: the one on PATH if it is new enough, else the one that ./dev setup has unpacked.
include("${CMAKE_CURRENT_LIST_DIR}/../.deps/emscripten/cmake/Modules/Platform/Emscripten.cmake")

# What all code in the module is compiled with, third-party code too. Every tab downloads it: what makes
# code larger for speed that nobody can measure here is off (docs/decisions/size.md).
set(flags
    -fwasm-exceptions
    # Replay must give the same bits everywhere: no fused multiply-add.
    -ffp-contract=off
    # memory.copy and conversions in one instruction: in every browser since 2021.
    -mbulk-memory -mnontrapping-fptoint
    # Inline only what makes the caller smaller, and what is called once only if it is tiny: elsewhere its
    # locals get other numbers, and code that was alike no longer compresses as such.
    "-mllvm -inline-threshold=-25" "-mllvm -inline-instr-cost=200"
    # No second copy of a path to save one load on it.
    "-mllvm -enable-load-pre=false")
list(JOIN flags " " flags)
set(CMAKE_C_FLAGS_INIT "${flags}")
set(CMAKE_CXX_FLAGS_INIT "${flags} -fno-rtti") # nothing asks an object for its type
