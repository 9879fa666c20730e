# graft_protos: messages and gRPC stubs of proto/, generated into build/<preset>/generated.
include_guard()

find_program(GRAFT_PROTOC protoc REQUIRED)
find_program(GRAFT_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
find_path(GRAFT_GOOGLEAPIS google/rpc/error_details.proto
  HINTS ${GRAFT_DEPS_DIR}/googleapis NO_CACHE REQUIRED)

function(_graft_generate out_sources root)
  set(sources)
  foreach(proto ${ARGN})
    string(REPLACE ".proto" "" stem ${proto})
    set(made)
    set(generated ${CMAKE_BINARY_DIR}/generated/${stem})
    set(outputs ${generated}.pb.cc ${generated}.pb.h)
    set(grpc_arguments)
    if(root STREQUAL "${CMAKE_SOURCE_DIR}/proto")
      list(APPEND outputs ${generated}.grpc.pb.cc ${generated}.grpc.pb.h)
      set(grpc_arguments --grpc_out=generate_mock_code=false:${CMAKE_BINARY_DIR}/generated
          --plugin=protoc-gen-grpc=${GRAFT_GRPC_PLUGIN})
    endif()
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${GRAFT_PROTOC} -I${CMAKE_SOURCE_DIR}/proto -I${GRAFT_GOOGLEAPIS}
              --cpp_out=${CMAKE_BINARY_DIR}/generated ${grpc_arguments} ${root}/${proto}
      DEPENDS ${root}/${proto} VERBATIM)
    foreach(output ${outputs})
      if(output MATCHES "\\.cc$")
        list(APPEND sources ${output})
      endif()
    endforeach()
  endforeach()
  set(${out_sources} ${sources} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE GRAFT_PROTO_FILES RELATIVE ${CMAKE_SOURCE_DIR}/proto CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/proto/*.proto)
_graft_generate(GRAFT_PROTO_SOURCES ${CMAKE_SOURCE_DIR}/proto ${GRAFT_PROTO_FILES})
_graft_generate(GRAFT_RPC_SOURCES ${GRAFT_GOOGLEAPIS}
  google/rpc/status.proto google/rpc/error_details.proto google/rpc/code.proto)

add_library(graft_protos STATIC ${GRAFT_PROTO_SOURCES} ${GRAFT_RPC_SOURCES})
target_include_directories(graft_protos SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(graft_protos PUBLIC graft::grpc graft::protobuf)
# Generated code is not ours to lint.
set_target_properties(graft_protos PROPERTIES CXX_CLANG_TIDY "")
