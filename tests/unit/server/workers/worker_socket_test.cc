#include "server/workers/worker_socket.h"

#include <cstring>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/files.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

class WorkerSocketTest : public ::testing::Test {
 protected:
  // A listening socket at path_; its descriptor.
  int Listen() {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(descriptor, 1), 0);
    return descriptor;
  }

  TempDirectory folder_ = *TempDirectory::Create();
  const fs::path path_ = folder_.path() / "w.sock";
};

TEST_F(WorkerSocketTest, IsInTheDataFolderUnlessSaidOtherwise) {
  ServerConfig config;
  config.data_dir = "/srv/data";
  EXPECT_EQ(WorkerSocket(config), "/srv/data/worker.sock");
  config.worker_socket = "/run/graft.sock";
  EXPECT_EQ(WorkerSocket(config), "/run/graft.sock");
}

TEST_F(WorkerSocketTest, WhatAKilledServerLeftIsRemoved) {
  EXPECT_TRUE(ClearWorkerSocket(path_).ok()) << "nothing there";
  close(Listen());
  ASSERT_TRUE(fs::exists(path_));
  EXPECT_TRUE(ClearWorkerSocket(path_).ok());
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(WorkerSocketTest, ASocketThatSomebodyAcceptsOnStays) {
  const int descriptor = Listen();
  EXPECT_EQ(ClearWorkerSocket(path_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fs::exists(path_));
  close(descriptor);
}

TEST_F(WorkerSocketTest, WhatIsNoSocketStays) {
  ASSERT_TRUE(WriteFileAtomically(path_, "precious").ok());
  const absl::Status status = ClearWorkerSocket(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("--worker-socket"));
  EXPECT_EQ(*ReadFile(path_, 100), "precious");
}

TEST_F(WorkerSocketTest, ALongPathIsRefused) {
  EXPECT_EQ(CheckWorkerSocket(folder_.path() / std::string(108, 'x')).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::server
