# LibTorch from the PyPI wheel that scripts/setup.sh unpacks into .deps/, as graft::torch.
# A user with the official LibTorch sets CMAKE_PREFIX_PATH (or GRAFT_TORCH_DIR) to it. The wheel's
# own find_package(Torch) is not used: it asks for a CUDA toolkit.
include_guard()

set(GRAFT_DEPS_DIR ${CMAKE_SOURCE_DIR}/.deps CACHE PATH "Where scripts/setup.sh unpacked LibTorch")
find_path(GRAFT_TORCH_INCLUDE torch/csrc/api/include/torch/torch.h
  HINTS ${GRAFT_TORCH_DIR} ${GRAFT_DEPS_DIR}/torch PATH_SUFFIXES include NO_CACHE)
find_library(GRAFT_TORCH_CPU torch_cpu
  HINTS ${GRAFT_TORCH_DIR} ${GRAFT_DEPS_DIR}/torch PATH_SUFFIXES lib NO_CACHE)
find_library(GRAFT_TORCH_C10 c10
  HINTS ${GRAFT_TORCH_DIR} ${GRAFT_DEPS_DIR}/torch PATH_SUFFIXES lib NO_CACHE)
if(NOT GRAFT_TORCH_INCLUDE OR NOT GRAFT_TORCH_CPU OR NOT GRAFT_TORCH_C10)
  message(FATAL_ERROR "LibTorch not found: run scripts/setup.sh, or set GRAFT_TORCH_DIR to a LibTorch folder")
endif()
if(EXISTS ${GRAFT_TORCH_INCLUDE}/google/protobuf)
  message(FATAL_ERROR "${GRAFT_TORCH_INCLUDE}/google/protobuf shadows the system's Protobuf: delete that folder")
endif()

get_filename_component(GRAFT_TORCH_LIB_DIR ${GRAFT_TORCH_CPU} DIRECTORY)
add_library(graft_torch INTERFACE)
target_include_directories(graft_torch SYSTEM INTERFACE
  ${GRAFT_TORCH_INCLUDE} ${GRAFT_TORCH_INCLUDE}/torch/csrc/api/include)
target_link_libraries(graft_torch INTERFACE ${GRAFT_TORCH_CPU} ${GRAFT_TORCH_C10} Threads::Threads)
# CMake itself adds the folder to the run path of what is built, and leaves it out of what is
# installed.
target_link_options(graft_torch INTERFACE -Wl,--allow-shlib-undefined)
if(EXISTS ${GRAFT_TORCH_LIB_DIR}/libgomp.so.1)
  target_link_options(graft_torch INTERFACE -Wl,-rpath-link,${GRAFT_TORCH_LIB_DIR})
endif()
add_library(graft::torch ALIAS graft_torch)

# CUDA's headers: beside PyTorch's wheel (which comes without some of them), of the wheels that
# scripts/setup.sh unpacks, or of a toolkit.
find_path(GRAFT_CUDA_INCLUDE crt/host_config.h
  HINTS ${GRAFT_TORCH_DIR}/../nvidia/cu13 ${GRAFT_DEPS_DIR}/nvidia/cu13 /usr/local/cuda
  PATH_SUFFIXES include NO_CACHE NO_DEFAULT_PATH)
if(EXISTS ${GRAFT_TORCH_LIB_DIR}/libtorch_cuda.so)
  set(GRAFT_TORCH_HAS_CUDA ON)
endif()

# LibTorch's part for an accelerator, where this LibTorch has one: it registers itself when it is
# loaded, and nothing refers to it by name. For programs that compute on one.
add_library(graft_torch_accelerator INTERFACE)
foreach(name torch_cuda c10_cuda torch_hip c10_hip torch_xpu c10_xpu)
  if(EXISTS ${GRAFT_TORCH_LIB_DIR}/lib${name}.so)
    target_link_libraries(graft_torch_accelerator INTERFACE
      -Wl,--push-state,--no-as-needed ${GRAFT_TORCH_LIB_DIR}/lib${name}.so -Wl,--pop-state)
  endif()
endforeach()
add_library(graft::torch_accelerator ALIAS graft_torch_accelerator)
