# Emscripten: the one on PATH if it is new enough, else the one that ./dev setup has unpacked.
include("${CMAKE_CURRENT_LIST_DIR}/../.deps/emscripten/cmake/Modules/Platform/Emscripten.cmake")
