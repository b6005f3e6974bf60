# tablog_wasm_module(NAME SOURCES a.cc … [DEPS target …] [EXPORTS symbol …])
# links NAME.wasm: a reactor without Emscripten's JavaScript. Whoever instantiates it supplies the imports
# and calls _initialize() once. EXPORTS are C symbols; functions marked
# __attribute__((export_name("x"))) are exported as x without being listed, and imports are declared with
# __attribute__((import_module("tablog"), import_name("x"))).
function(tablog_wasm_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;EXPORTS")
  add_executable(${name}_wasm ${arg_SOURCES})
  set_target_properties(${name}_wasm PROPERTIES OUTPUT_NAME ${name} SUFFIX .wasm
                                                RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  target_link_libraries(${name}_wasm PRIVATE tablog_options ${arg_DEPS})
  # Binaryen by itself inlines whatever is called once, which makes a smaller module but a larger download:
  # with a limit, and a second round for what the first has left, it is 2 % smaller compressed.
  set(passes "--one-caller-inline-max-function-size=40,-Oz")
  target_link_options(${name}_wasm PRIVATE -Oz -sBINARYEN_EXTRA_PASSES=${passes} -sSTANDALONE_WASM=1
                      --no-entry -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -sSTACK_SIZE=1MB -sMALLOC=dlmalloc)
  list(JOIN arg_EXPORTS "," exports)
  if(exports)
    target_link_options(${name}_wasm PRIVATE "-Wl,--export=$<JOIN:${arg_EXPORTS},$<COMMA>--export=>")
  endif()
endfunction()
