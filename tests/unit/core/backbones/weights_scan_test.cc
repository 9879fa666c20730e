#include "core/backbones/weights_scan.h"

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/base/sha256.h"

namespace graft::backbones {
namespace {

class WeightsScanTest : public ::testing::Test {
 protected:
  // Three tensors of 2.5 MiB, more than the buffer; `place` of `second` becomes NaN.
  void Write(int64_t place = -1) {
    constexpr int64_t kNumbers = 640 << 10;
    std::vector<std::vector<float>> values(3, std::vector<float>(kNumbers, 1.5f));
    if (place >= 0) values[1][place] = std::numeric_limits<float>::quiet_NaN();
    std::vector<artifacts::TensorView> views;
    const char* const names[] = {"first", "second", "third"};
    for (int i = 0; i < 3; ++i) {
      views.push_back({.name = names[i],
                       .shape = {kNumbers},
                       .bytes = {reinterpret_cast<const char*>(values[i].data()),
                                 values[i].size() * sizeof(float)}});
    }
    ASSERT_TRUE(artifacts::WriteSafetensors(path_, views, {}).ok());
  }
  absl::StatusOr<WeightsScan> Scan() {
    return ScanWeights(*artifacts::SafetensorsFile::Open(path_).value(), path_);
  }

  const TempDirectory folder_ = TempDirectory::Create().value();
  const std::filesystem::path path_ = folder_.path() / "model.safetensors";
};

TEST_F(WeightsScanTest, HashesTheWholeFile) {
  Write();
  const auto scan = Scan();
  ASSERT_TRUE(scan.ok()) << scan.status();
  EXPECT_EQ(scan->sha256, Sha256HexOfFile(path_.string()).value());
  EXPECT_EQ(scan->not_finite, "");
}

TEST_F(WeightsScanTest, NamesTheTensorThatHoldsNan) {
  for (const int64_t place : {0, (1 << 18) - 1, 1 << 18, (640 << 10) - 1}) {
    Write(place);
    EXPECT_EQ(Scan()->not_finite, "second") << place;
    EXPECT_EQ(Scan()->sha256, Sha256HexOfFile(path_.string()).value());
  }
}

TEST_F(WeightsScanTest, AFileThatChangesItsSizeIsNotTakenForTheOneThatWasMapped) {
  Write();
  const auto mapped = artifacts::SafetensorsFile::Open(path_).value();
  const std::string bytes(mapped->bytes());
  for (const std::string& other : {bytes + "x", bytes.substr(0, bytes.size() - 1)}) {
    ASSERT_TRUE(WriteFileAtomically(path_, other).ok());
    EXPECT_TRUE(absl::IsDataLoss(ScanWeights(*mapped, path_).status()));
  }
  std::filesystem::remove(path_);
  EXPECT_TRUE(absl::IsNotFound(ScanWeights(*mapped, path_).status()));
}

}  // namespace
}  // namespace graft::backbones
