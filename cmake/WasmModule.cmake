execute_process(COMMAND "${EMSCRIPTEN_ROOT_PATH}/em-config" BINARYEN_ROOT OUTPUT_VARIABLE binaryen
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(TABLOG_WASM_OPT "${binaryen}/bin/wasm-opt")

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
  target_compile_options(${name}_wasm PRIVATE -fno-exceptions)
  # Binaryen by itself inlines whatever is called once, which makes a smaller module but a larger download.
  set(limit --one-caller-inline-max-function-size=25)
  target_link_options(${name}_wasm PRIVATE -Oz -sBINARYEN_EXTRA_PASSES=${limit} -sSTANDALONE_WASM=1
                      --no-entry -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -sSTACK_SIZE=1MB -sMALLOC=emmalloc)
  # A second round finds what the first has left, and optimises the stack machine's code: Emscripten puts
  # that off until after its JavaScript, and this module has none.
  add_custom_command(
    TARGET ${name}_wasm POST_BUILD
    COMMAND
      "${TABLOG_WASM_OPT}" -Oz ${limit} --low-memory-unused --zero-filled-memory --enable-bulk-memory
      --enable-exception-handling --enable-nontrapping-float-to-int --enable-reference-types
      "$<TARGET_FILE:${name}_wasm>" -o "$<TARGET_FILE:${name}_wasm>"
    VERBATIM)
  list(JOIN arg_EXPORTS "," exports)
  if(exports)
    target_link_options(${name}_wasm PRIVATE "-Wl,--export=$<JOIN:${arg_EXPORTS},$<COMMA>--export=>")
  endif()
endfunction()
