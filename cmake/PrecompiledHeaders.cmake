# Precompiled headers, one a kind of target: what its files nearly all include, and no more, since
# the compiler reads the whole header for each of them.
#
#   plain   the standard library's and Abseil's common ones
#   test    and GoogleTest
#   rpc     and Protobuf and gRPC: what links graft_protos
#   rpc_test
#   torch   and ATen (torch/torch.h would be 742 MB: it cost a small file 12 s, ATen costs it 3)
#   torch_test
include_guard()

set(_graft_pch_common <functional> <map> <memory> <optional> <string> <utility> <vector>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/synchronization/mutex.h>
    <absl/time/time.h>)
set(_graft_pch_rpc <google/protobuf/message.h> <grpcpp/grpcpp.h>)
set(_graft_pch_torch <ATen/ATen.h>)

# Made at the first use, so that a build of a few targets makes what it needs. Sets `out` to the
# target whose header is to be taken.
function(_graft_precompiled out kind)
  set(${out} graft_pch_${kind} PARENT_SCOPE)
  if(TARGET graft_pch_${kind})
    return()
  endif()
  set(source ${CMAKE_BINARY_DIR}/generated/pch_${kind}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// carries the precompiled header\n")
  add_library(graft_pch_${kind} OBJECT ${source})
  target_link_libraries(graft_pch_${kind} PRIVATE graft_warnings)
  set(headers ${_graft_pch_common})
  if(kind MATCHES "rpc")
    target_link_libraries(graft_pch_${kind} PUBLIC graft::grpc graft::protobuf)
    list(APPEND headers ${_graft_pch_rpc})
  elseif(kind MATCHES "torch")
    target_link_libraries(graft_pch_${kind} PUBLIC graft::torch)
    list(APPEND headers ${_graft_pch_torch})
  endif()
  if(kind MATCHES "test")
    target_link_libraries(graft_pch_${kind} PUBLIC GTest::gmock)
    list(APPEND headers <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_precompile_headers(graft_pch_${kind} PRIVATE ${headers})
endfunction()

# Gives `target` the precompiled header of its kind.
function(graft_precompile target kind)
  _graft_precompiled(carrier ${kind})
  target_precompile_headers(${target} REUSE_FROM ${carrier})
  # Programs would be compiled with -fPIE, which does not go with the header's -fPIC.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()
