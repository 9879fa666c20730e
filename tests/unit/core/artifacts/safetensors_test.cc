#include "core/artifacts/safetensors/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft {
namespace {

using testing::HasSubstr;

std::string Load(const std::string& name) {
  std::ifstream file(std::string(GRAFT_TEST_SAFETENSORS) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string File(const std::string& header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string file(reinterpret_cast<const char*>(&size), 8);
  return file + header + std::string(data_bytes, '\0');
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

// The reference orders and pads alike, so even the bytes agree.
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

TEST(SafetensorsTest, WriterChecksItsInput) {
  TensorView tensor{"a", DType::kF32, {2}, "1234"};
  EXPECT_THAT(std::string(SerializeSafetensors({&tensor, 1}, {}).status().message()),
              HasSubstr("'a' has 4 bytes"));
  tensor.shape = {1};
  const TensorView twice[] = {tensor, tensor};
  EXPECT_THAT(std::string(SerializeSafetensors(twice, {}).status().message()),
              HasSubstr("'a' is there twice"));
}

struct BadCase {
  const char* name;
  std::string bytes;
  const char* message;
};

class BadSafetensorsTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadSafetensorsTest, IsRefusedWithTheCause) {
  const absl::Status status = SafetensorsFile::Parse(GetParam().bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

std::string One(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

INSTANTIATE_TEST_SUITE_P(
    All, BadSafetensorsTest,
    testing::Values(
        BadCase{"Empty", "", "shorter"}, BadCase{"SevenBytes", "1234567", "shorter"},
        BadCase{"HeaderLongerThanFile", File("{}", 0).substr(0, 9), "does not fit"},
        BadCase{"HugeHeader", std::string(8, '\xFF') + "{}", "does not fit"},
        BadCase{"NotJson", File("nonsense", 0), "not a JSON object"},
        BadCase{"Array", File("[]", 0), "not a JSON object"},
        BadCase{"Deep", File(R"({"a":{"b":{"c":{"d":{"e":1}}}}})", 0), "nested too deeply"},
        BadCase{"UnknownDtype", File(One("F99", "[1]", "[0,4]"), 4), "dtype 'F99'"},
        BadCase{"SizeMismatch", File(One("F32", "[2]", "[0,4]"), 4), "need 8"},
        BadCase{"BeyondTheEnd", File(One("F32", "[2]", "[0,8]"), 4), "outside"},
        BadCase{"Backwards", File(One("F32", "[1]", "[4,0]"), 4), "outside"},
        BadCase{"NegativeShape", File(One("F32", "[-1]", "[0,4]"), 4), "not a size"},
        BadCase{"HugeShape", File(One("F32", "[9223372036854775807,4]", "[0,4]"), 4), "larger"},
        BadCase{"Overflow", File(One("F32", "[4294967296,4294967296]", "[0,0]"), 0), "larger"},
        BadCase{"TooLargeNumber", File(One("F32", "[99999999999999999999]", "[0,4]"), 4),
                "not a size"},
        BadCase{"Hole", File(One("U8", "[2]", "[2,4]"), 4), "hole"},
        BadCase{"Behind", File(One("U8", "[2]", "[0,2]"), 4), "behind the last"},
        BadCase{"Overlap",
                File(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                     4),
                "overlaps"},
        BadCase{"Twice",
                File(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                     R"("a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                     4),
                "there twice"},
        BadCase{"ExtraKey",
                File(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}})", 1),
                "nothing else"},
        BadCase{"MetadataNumber", File(R"({"__metadata__":{"k":1}})", 0), "not a string"}),
    [](const auto& test) { return test.param.name; });

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
}  // namespace graft
