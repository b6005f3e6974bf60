# cmake_options for everything that is compiled to wasm. Sourced; $emscripten comes from the caller.
cmake_options=(
  "-DCMAKE_TOOLCHAIN_FILE=$emscripten/cmake/Modules/Platform/Emscripten.cmake"
  "-DCMAKE_C_FLAGS=-fwasm-exceptions -ffp-contract=off"
  "-DCMAKE_CXX_FLAGS=-fwasm-exceptions -ffp-contract=off"
)
