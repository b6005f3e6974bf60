# The three shapes of a folder: its library, its tests, its schema. Each is one line in the folder's
# CMakeLists.txt, and the DEPS lines together are the dependency graph.

# Every generated source, for tools that read the code without compiling it.
add_custom_target(tablog_generated)

# What all our own code is compiled with.
string(COMPARE NOTEQUAL "${TABLOG_SANITIZE}" "" sanitizes) # a list with commas is no argument of $<BOOL:…>
add_library(tablog_options INTERFACE)
target_compile_features(tablog_options INTERFACE cxx_std_23)
target_include_directories(tablog_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(
  tablog_options
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
            # In tests, sizes are small; in the product to_size() checks them.
            $<$<BOOL:${EMSCRIPTEN}>:-Wno-shorten-64-to-32>
            # False positives of GCC 12 on std::string (its bug 105651) and, with sanitizers, on std::optional.
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${sanitizes}>>:-Wno-maybe-uninitialized>)

# tablog_library(FOLDER SOURCES a.cc … [CATCHES b.cc …] [DEPS target …] [PRIVATE_DEPS target …])
# makes tablog_FOLDER, alias tablog::FOLDER. Includes are written from the root: "FOLDER/a.h".
function(tablog_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;CATCHES;DEPS;PRIVATE_DEPS")
  add_library(tablog_${folder} STATIC ${arg_SOURCES} ${arg_CATCHES})
  add_library(tablog::${folder} ALIAS tablog_${folder})
  target_link_libraries(tablog_${folder} PUBLIC tablog_options ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  # Ours throws nothing. In the browser what runs out of memory ends its worker, and the page starts
  # another; without the clean-up code the module is a tenth smaller. CATCHES are the sources that end
  # others' exceptions.
  if(EMSCRIPTEN)
    set_source_files_properties(${arg_SOURCES} PROPERTIES COMPILE_OPTIONS -fno-exceptions)
  endif()
endfunction()

# tablog_test(FOLDER SOURCES a_test.cc … [DEPS target …] [TIMEOUT seconds])
# makes tablog_FOLDER_test, linked with tablog::FOLDER if there is one, and registers it with ctest.
# Under Emscripten it is a program for Node; files are read from the machine's file system.
function(tablog_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(target tablog_${folder}_test)
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE tablog_options ${arg_DEPS} GTest::gmock GTest::gtest_main)
  if(TARGET tablog::${folder})
    target_link_libraries(${target} PRIVATE tablog::${folder})
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  target_compile_definitions(${target} PRIVATE TABLOG_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # What is tested is optimised; the tests themselves are compiled and linked often.
  target_compile_options(${target} PRIVATE -O1)
  if(EMSCRIPTEN)
    target_link_options(${target} PRIVATE -O1 -sNODERAWFS=1 -sEXIT_RUNTIME=1 -sALLOW_MEMORY_GROWTH=1
                        -sSTACK_SIZE=1MB -sENVIRONMENT=node)
    set_target_properties(${target} PROPERTIES SUFFIX .cjs)
    add_test(NAME ${target} COMMAND node "$<TARGET_FILE:${target}>")
  else()
    gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                         PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
endfunction()

# tablog_capnp(FOLDER SCHEMAS wire.capnp …)
# makes tablog::FOLDER_schema from Cap'n Proto schemas: include "FOLDER/wire.capnp.h".
# The generated code is third-party as far as warnings go.
function(tablog_capnp folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SCHEMAS")
  set(root "${PROJECT_BINARY_DIR}/generated/capnp")
  set(generated)
  foreach(schema ${arg_SCHEMAS})
    set(outputs "${root}/${folder}/${schema}.h" "${root}/${folder}/${schema}.c++")
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${root}/${folder}"
      COMMAND "${TABLOG_CAPNP}/bin/capnp" compile --no-standard-import
              "--import-path=${TABLOG_DEPS}/include" "--src-prefix=${PROJECT_SOURCE_DIR}"
              "-o${TABLOG_CAPNP}/bin/capnpc-c++:${root}"
              "${CMAKE_CURRENT_SOURCE_DIR}/${schema}"
      DEPENDS ${arg_SCHEMAS}
      COMMENT "Cap'n Proto ${folder}/${schema}"
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_library(tablog_${folder}_schema STATIC ${generated})
  add_library(tablog::${folder}_schema ALIAS tablog_${folder}_schema)
  target_compile_features(tablog_${folder}_schema PUBLIC cxx_std_23)
  target_compile_options(tablog_${folder}_schema PRIVATE -w)
  target_include_directories(tablog_${folder}_schema SYSTEM PUBLIC "${root}")
  target_link_libraries(tablog_${folder}_schema PUBLIC CapnProto::capnp)
  add_custom_target(tablog_${folder}_generated DEPENDS ${generated})
  add_dependencies(tablog_generated tablog_${folder}_generated)
endfunction()
