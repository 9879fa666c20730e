# Warnings for graft's own code only; headers of others are SYSTEM.
include_guard()

add_library(graft_warnings INTERFACE)
target_compile_options(graft_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports impossible overreads inside libstdc++ and Abseil at -O2 (GCC bug 105329 and kin).
  target_compile_options(graft_warnings INTERFACE
    -Wshadow=local -Wno-error=restrict -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
    -Wno-error=array-bounds -Wno-error=stringop-overread -Wno-error=dangling-pointer)
else()
  target_compile_options(graft_warnings INTERFACE -Wno-shadow -Wno-unused-command-line-argument)
endif()
