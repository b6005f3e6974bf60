# Imported targets for everything third-party. `./dev setup` has put it under .deps/; its headers are
# SYSTEM includes, so our warnings do not apply to them.
if(EMSCRIPTEN)
  set(TABLOG_DEPS "${PROJECT_SOURCE_DIR}/.deps/wasm")
  set(TABLOG_SQLITE "${PROJECT_SOURCE_DIR}/.deps/sqlite-wasm")
else()
  set(TABLOG_DEPS "${PROJECT_SOURCE_DIR}/.deps/native")
  set(TABLOG_SQLITE "${PROJECT_SOURCE_DIR}/.deps/sqlite-native")
endif()
set(TABLOG_CAPNP "${PROJECT_SOURCE_DIR}/.deps/capnp") # its compiler, for this machine
set(TABLOG_SQLITE_SOURCE "${PROJECT_SOURCE_DIR}/node_modules/better-sqlite3/deps/sqlite3")
foreach(path "${TABLOG_DEPS}/include" "${TABLOG_CAPNP}/bin/capnp" "${TABLOG_SQLITE}/include"
             "${TABLOG_SQLITE_SOURCE}/sqlite3.c")
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "${path} is missing: run ./dev setup")
  endif()
endforeach()

# Header-only: range-v3, xxHash, CLI11 share one include directory with the rest.
foreach(name range-v3::range-v3 xxHash::xxhash CLI11::CLI11)
  add_library(${name} INTERFACE IMPORTED)
  target_include_directories(${name} SYSTEM INTERFACE "${TABLOG_DEPS}/include")
endforeach()
target_compile_definitions(xxHash::xxhash INTERFACE XXH_INLINE_ALL)
add_library(nlohmann::json INTERFACE IMPORTED) # native only: the command line tool
target_include_directories(nlohmann::json SYSTEM INTERFACE "${PROJECT_SOURCE_DIR}/.deps/json/include")

# Cap'n Proto: the set-up's, except that a fuzzer has to see which way it goes, and that another
# compiler's C++ library needs its own.
if(TABLOG_FUZZ)
  file(GLOB TABLOG_CAPNP_SOURCE "${PROJECT_SOURCE_DIR}/.deps/sources/capnproto/*")
  add_subdirectory(cmake/capnproto SYSTEM)
  add_library(CapnProto::capnp ALIAS capnp)
else()
  add_library(CapnProto::kj STATIC IMPORTED)
  set_target_properties(CapnProto::kj PROPERTIES IMPORTED_LOCATION "${TABLOG_DEPS}/lib/libkj.a")
  add_library(CapnProto::capnp STATIC IMPORTED)
  set_target_properties(CapnProto::capnp PROPERTIES IMPORTED_LOCATION "${TABLOG_DEPS}/lib/libcapnp.a")
  target_link_libraries(CapnProto::capnp INTERFACE CapnProto::kj)
  target_include_directories(CapnProto::kj SYSTEM INTERFACE "${TABLOG_DEPS}/include")
  # As its library was built:
  target_compile_definitions(CapnProto::kj INTERFACE CAPNP_LITE)
  if(EMSCRIPTEN)
    target_compile_options(CapnProto::kj INTERFACE "SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/capnproto/faults.h")
  endif()

  # The prefix is named outright: a GoogleTest of the host's must not win.
  find_package(GTest CONFIG REQUIRED PATHS "${TABLOG_DEPS}/lib/cmake/GTest" NO_DEFAULT_PATH
               NO_CMAKE_FIND_ROOT_PATH)
endif()

# SQLite: the set-up's, except that sanitizers should see inside it.
if(TABLOG_SANITIZE)
  add_subdirectory(cmake/sqlite)
  add_library(SQLite::sqlite3 ALIAS sqlite3)
else()
  find_package(SQLite CONFIG REQUIRED PATHS "${TABLOG_SQLITE}" NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
endif()
add_library(SQLite::SQLite3 INTERFACE IMPORTED)
target_link_libraries(SQLite::SQLite3 INTERFACE SQLite::sqlite3)
