# Build speed: ccache where it is installed, mold where it is installed.
include_guard()

find_program(GRAFT_CCACHE ccache)
if(GRAFT_CCACHE)
  # The sloppiness settings are what ccache's manual asks for with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      # Clones in different folders share what was compiled.
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${GRAFT_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

find_program(GRAFT_MOLD mold)
if(GRAFT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Line tables are cheap and make a stack trace from a user readable.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -gline-tables-only")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -g1")
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
