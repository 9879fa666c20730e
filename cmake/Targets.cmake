# graft_library(NAME SOURCES... [TORCH|RPC] [UNITY] DEPS...): a static library, include root at the
# top. TORCH: its files include LibTorch; RPC: they include messages or gRPC.
# graft_program(NAME SOURCES... [TORCH|RPC] DEPS...): a program in build/<preset>/bin.
# graft_test(NAME SOURCES... [TORCH|RPC] DEPS... [TIMEOUT S] [LABELS...] [FIXTURES...]): a GoogleTest
# program, each TEST a ctest case.
include_guard()
include(GoogleTest)

# A third argument "_test" where GoogleTest is in the precompiled header too.
function(_graft_configure target kind)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE graft_warnings)
  if(kind STREQUAL "torch")
    target_link_libraries(${target} PUBLIC graft::torch)
  elseif(kind STREQUAL "rpc")
    target_link_libraries(${target} PUBLIC graft_protos)
  endif()
  graft_precompile(${target} ${kind}${ARGN})
endfunction()

# plain, torch or rpc, by the keywords that a target was declared with.
macro(_graft_kind)
  set(kind plain)
  if(ARG_TORCH)
    set(kind torch)
  elseif(ARG_RPC)
    set(kind rpc)
  endif()
endmacro()

function(graft_library name)
  cmake_parse_arguments(ARG "TORCH;RPC;UNITY" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  _graft_kind()
  _graft_configure(${name} ${kind})
  if(ARG_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

function(graft_program name)
  cmake_parse_arguments(ARG "TORCH;RPC" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  _graft_kind()
  _graft_configure(${name} ${kind})
endfunction()

function(graft_test name)
  cmake_parse_arguments(ARG "TORCH;RPC" "TIMEOUT" "SOURCES;DEPS;LABELS;FIXTURES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main)
  _graft_kind()
  _graft_configure(${name} ${kind} _test)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABELS)
    list(APPEND properties LABELS "${ARG_LABELS}")
  endif()
  if(ARG_FIXTURES)
    list(APPEND properties FIXTURES_REQUIRED "${ARG_FIXTURES}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
    PROPERTIES ${properties})
endfunction()
