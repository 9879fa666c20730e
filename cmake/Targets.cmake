# graft_library(NAME SOURCES... [TORCH] [UNITY] DEPS...): a static library, include root at the top.
# graft_program(NAME SOURCES... DEPS...): a program in build/<preset>/bin.
# graft_test(NAME SOURCES... [TORCH] DEPS... [TIMEOUT S] [LABELS...] [FIXTURES...]): a GoogleTest
# program, each TEST a ctest case.
include_guard()
include(GoogleTest)

function(_graft_configure target torch)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE graft_warnings)
  if(torch)
    target_link_libraries(${target} PUBLIC graft::torch)
    target_precompile_headers(${target} REUSE_FROM graft_torch_pch)
    # Programs would be compiled with -fPIE, which does not go with the header's -fPIC.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

function(graft_library name)
  cmake_parse_arguments(ARG "TORCH;UNITY" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  _graft_configure(${name} "${ARG_TORCH}")
  if(ARG_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

function(graft_program name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  _graft_configure(${name} "${ARG_TORCH}")
endfunction()

function(graft_test name)
  cmake_parse_arguments(ARG "TORCH" "TIMEOUT" "SOURCES;DEPS;LABELS;FIXTURES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main)
  _graft_configure(${name} "${ARG_TORCH}")
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
