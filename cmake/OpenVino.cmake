# OpenVINO's runtime from the PyPI wheel that scripts/setup.sh unpacks into .deps/, as graft::openvino:
# the library, its plug-in for the CPU, which it loads from beside itself, and oneTBB.
# A user with another OpenVINO 2026 sets GRAFT_OPENVINO_DIR to its folder.
include_guard()

find_path(GRAFT_OPENVINO_INCLUDE openvino/runtime/core.hpp
  HINTS ${GRAFT_OPENVINO_DIR} ${GRAFT_DEPS_DIR}/openvino PATH_SUFFIXES include runtime/include
  NO_CACHE)
find_file(GRAFT_OPENVINO_LIBRARY NAMES libopenvino.so libopenvino.so.2641
  HINTS ${GRAFT_OPENVINO_DIR} ${GRAFT_DEPS_DIR}/openvino PATH_SUFFIXES libs runtime/lib/intel64
  NO_CACHE)
if(NOT GRAFT_OPENVINO_INCLUDE OR NOT GRAFT_OPENVINO_LIBRARY)
  message(FATAL_ERROR
    "OpenVINO not found: run scripts/setup.sh, or set GRAFT_OPENVINO_DIR to an OpenVINO folder")
endif()

get_filename_component(GRAFT_OPENVINO_LIB_DIR ${GRAFT_OPENVINO_LIBRARY} DIRECTORY)
add_library(graft_openvino INTERFACE)
target_include_directories(graft_openvino SYSTEM INTERFACE ${GRAFT_OPENVINO_INCLUDE})
# OpenCV of the distribution links another oneTBB of the same name: in one process there is the first
# that is found, so this one is named first, and looked for in the program's own path whoever needs
# it. (DT_RUNPATH would hold for the program's own libraries alone.)
target_link_libraries(graft_openvino INTERFACE ${GRAFT_OPENVINO_LIBRARY})
target_link_options(graft_openvino INTERFACE -Wl,--disable-new-dtags
  -Wl,--push-state,--no-as-needed ${GRAFT_OPENVINO_LIB_DIR}/libtbb.so.12 -Wl,--pop-state)
add_library(graft::openvino ALIAS graft_openvino)
