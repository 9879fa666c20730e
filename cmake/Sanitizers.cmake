# GRAFT_SANITIZE=address,undefined or thread; applied to everything graft compiles.
# LibTorch, gRPC and the Debian libraries are not instrumented. ThreadSanitizer does not see what
# Debian's absl::Mutex orders, and so reports races that are none wherever one is held.
include_guard()

set(GRAFT_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined")
if(GRAFT_SANITIZE)
  add_compile_options(-fsanitize=${GRAFT_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${GRAFT_SANITIZE})
  if(GRAFT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr)
    add_link_options(-fno-sanitize=vptr)
  endif()
endif()

option(GRAFT_COVERAGE "Instrument for gcov" OFF)
if(GRAFT_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

# Coverage feedback in the libraries; tests/fuzz links the driver.
option(GRAFT_FUZZ "Build the fuzz targets (needs clang++)" OFF)
if(GRAFT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "GRAFT_FUZZ needs clang++: use the preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
