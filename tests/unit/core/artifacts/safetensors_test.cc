#include "core/artifacts/safetensors/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace graft::artifacts {
namespace {

std::string Load(const std::string& name) {
  std::ifstream file(std::string(GRAFT_TEST_SAFETENSORS) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(SafetensorsTest, ReadsWhatTheReferenceWrote) {
  const std::string bytes = Load("reference.safetensors");
  const auto file = SafetensorsFile::Parse(bytes).value();
  EXPECT_EQ(file->metadata().at("made by"), "the safetensors package");
  ASSERT_EQ(file->tensors().size(), 4u);
  const TensorView* weight = file->Find("weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->dtype, DType::kF32);
  EXPECT_EQ(weight->shape, (std::vector<int64_t>{2, 3}));
  float values[6];
  ASSERT_EQ(weight->bytes.size(), sizeof(values));
  std::memcpy(values, weight->bytes.data(), sizeof(values));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(values[i], 0.5f * static_cast<float>(i));
  EXPECT_EQ(file->Find("scalar")->shape, std::vector<int64_t>());
  EXPECT_EQ(file->Find("empty")->bytes.size(), 0u);
  EXPECT_EQ(file->Find("half")->dtype, DType::kF16);
  EXPECT_EQ(file->Find("none"), nullptr);
}

// The bytes differ in the order of the header's members alone.
TEST(SafetensorsTest, WritesWhatTheReferenceWouldWrite) {
  const std::string bytes = Load("reference.safetensors");
  const auto file = SafetensorsFile::Parse(bytes).value();
  std::vector<TensorView> shuffled = file->tensors();
  std::reverse(shuffled.begin(), shuffled.end());
  const std::string ours = SerializeSafetensors(shuffled, file->metadata()).value();
  const auto again = SafetensorsFile::Parse(ours).value();
  ASSERT_EQ(again->tensors().size(), file->tensors().size());
  for (const TensorView& tensor : file->tensors()) {
    const TensorView* copy = again->Find(tensor.name);
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(copy->dtype, tensor.dtype);
    EXPECT_EQ(copy->shape, tensor.shape);
    EXPECT_EQ(copy->bytes, tensor.bytes);
  }
  EXPECT_EQ(again->metadata(), file->metadata());
  EXPECT_EQ(ours, SerializeSafetensors(file->tensors(), file->metadata()).value());
  EXPECT_EQ(ours.size() % 8, bytes.size() % 8);
}

// Whatever is cut off or flipped in a good file, the reader answers and reads nothing outside it
// (which a sanitizer build would notice).
TEST(SafetensorsTest, DamageIsNeverDangerous) {
  const std::string good = Load("reference.safetensors");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(SafetensorsFile::Parse(absl::string_view(good).substr(0, size)).ok());
  }
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x15);
    const auto file = SafetensorsFile::Parse(bad);
    if (!file.ok()) continue;
    for (const TensorView& tensor : (*file)->tensors()) {
      EXPECT_GE(tensor.bytes.data(), bad.data());
      EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(), bad.data() + bad.size());
    }
  }
}

}  // namespace
}  // namespace graft::artifacts
