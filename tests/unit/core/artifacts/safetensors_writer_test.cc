#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/safetensors/safetensors.h"

namespace graft::artifacts {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Names(const SafetensorsFile& file) {
  std::vector<std::string> names;
  for (const TensorView& tensor : file.tensors()) names.push_back(tensor.name);
  return names;
}

TEST(SafetensorsWriterTest, LaysOutBySizeOfElementsThenByName) {
  const std::string bytes(64, 'x');
  const auto view = [&](std::string name, DType dtype, std::vector<int64_t> shape, size_t size) {
    return TensorView{std::move(name), dtype, std::move(shape),
                      absl::string_view(bytes).substr(0, size)};
  };
  std::vector<TensorView> tensors = {
      view("u8", DType::kU8, {3}, 3),     view("half", DType::kBF16, {3}, 6),
      view("b", DType::kF32, {2, 2}, 16), view("long", DType::kI64, {}, 8),
      view("a", DType::kF32, {1}, 4),     view("bool", DType::kBool, {1}, 1),
      view("empty", DType::kF64, {0}, 0)};
  const auto file = SerializeSafetensors(tensors, {{"format", "pt"}});
  ASSERT_TRUE(file.ok()) << file.status();
  const auto read = SafetensorsFile::Parse(*file);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(Names(**read),
              ::testing::ElementsAre("empty", "long", "a", "b", "half", "bool", "u8"));
  EXPECT_EQ((*read)->metadata().at("format"), "pt");
  // Data begin at a multiple of 8, so that every tensor is aligned in a map.
  for (const TensorView& tensor : (*read)->tensors()) {
    EXPECT_EQ((tensor.bytes.data() - file->data()) % DTypeSize(tensor.dtype), 0u) << tensor.name;
  }
  // The same tensors are the same bytes, in whatever order they come.
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(tensors.begin(), tensors.end(), random);
    EXPECT_EQ(*SerializeSafetensors(tensors, {{"format", "pt"}}), *file);
  }
}

TEST(SafetensorsWriterTest, WritesExactlyTheseBytes) {
  const TensorView tensor{"t", DType::kU8, {2}, "ab"};
  const std::string header = R"({"t":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(*SerializeSafetensors({tensor}, {}),
            absl::StrCat(std::string({static_cast<char>(padded.size()), 0, 0, 0, 0, 0, 0, 0}),
                         padded, "ab"));
  EXPECT_EQ(*SerializeSafetensors({}, {}), std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
}

TEST(SafetensorsWriterTest, RandomTensorsComeBackAsTheyWere) {
  constexpr DType kTypes[] = {DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kI64,
                              DType::kI32, DType::kI16, DType::kI8,  DType::kU8,   DType::kBool};
  std::mt19937 random(7);
  const auto below = [&](uint32_t limit) { return random() % limit; };
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> storage;
    std::vector<TensorView> tensors(below(12));
    for (size_t i = 0; i < tensors.size(); ++i) {
      TensorView& tensor = tensors[i];
      tensor.name = absl::StrCat("layer.", i, "\"\\\n\xc3\xa9", std::string(below(40), 'w'));
      tensor.dtype = kTypes[below(10)];
      size_t bytes = DTypeSize(tensor.dtype);
      for (uint32_t d = below(5); d > 0; --d) {
        tensor.shape.push_back(below(5));
        bytes *= static_cast<size_t>(tensor.shape.back());
      }
      std::string content;
      for (size_t b = 0; b < bytes; ++b) content.push_back(static_cast<char>(below(256)));
      storage.push_back(std::move(content));
    }
    for (size_t i = 0; i < tensors.size(); ++i) tensors[i].bytes = storage[i];
    const SafetensorsMetadata metadata = {{"round", absl::StrCat(round)}, {"", "\t\xe2\x82\xac"}};
    const auto file = SerializeSafetensors(tensors, metadata);
    ASSERT_TRUE(file.ok()) << file.status();
    const auto read = SafetensorsFile::Parse(*file);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ((*read)->tensors().size(), tensors.size());
    EXPECT_EQ((*read)->metadata(), metadata);
    for (const TensorView& tensor : tensors) {
      const TensorView* found = (*read)->Find(tensor.name);
      ASSERT_NE(found, nullptr) << tensor.name;
      EXPECT_EQ(found->dtype, tensor.dtype);
      EXPECT_EQ(found->shape, tensor.shape);
      EXPECT_EQ(found->bytes, tensor.bytes);
    }
  }
}

TEST(SafetensorsWriterTest, RefusesWhatCouldNotBeReadBack) {
  const TensorView good{"good", DType::kU8, {1}, "x"};
  const auto refused = [&](TensorView tensor, const SafetensorsMetadata& metadata = {}) {
    const absl::Status status = SerializeSafetensors({good, std::move(tensor)}, metadata).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refused({"good", DType::kU8, {1}, "y"}), HasSubstr("'good' is there twice"));
  EXPECT_THAT(refused({"few", DType::kF32, {1}, "abc"}), HasSubstr("need 4"));
  EXPECT_THAT(refused({"many", DType::kU8, {1}, "ab"}), HasSubstr("need 1"));
  EXPECT_THAT(refused({"scalar", DType::kU8, {}, ""}), HasSubstr("need 1"));
  EXPECT_THAT(refused({"negative", DType::kU8, {-1, -1}, "x"}), HasSubstr("'negative'"));
  EXPECT_THAT(refused({"huge", DType::kU8, {INT64_MAX, INT64_MAX, INT64_MAX}, ""}),
              HasSubstr("'huge'"));
  EXPECT_THAT(refused({"wraps", DType::kU8, {int64_t{1} << 32, int64_t{1} << 32}, ""}),
              HasSubstr("'wraps'"));
  EXPECT_THAT(refused({"__metadata__", DType::kU8, {1}, "y"}), HasSubstr("__metadata__"));
  EXPECT_THAT(refused({"\xff", DType::kU8, {1}, "y"}), HasSubstr("UTF-8"));
  EXPECT_THAT(refused({"b", DType::kU8, {1}, "y"}, {{"key", "\xc3"}}), HasSubstr("UTF-8"));
}

TEST(SafetensorsWriterTest, ReplacesAFileWholeOrNotAtAll) {
  const TempDirectory folder = *TempDirectory::Create();
  const std::filesystem::path path = folder.path() / "model.safetensors";
  ASSERT_TRUE(WriteSafetensors(path, {{"a", DType::kU8, {1}, "1"}}, {}).ok());
  EXPECT_FALSE(WriteSafetensors(path, {{"a", DType::kU8, {2}, "1"}}, {}).ok());
  EXPECT_EQ((*SafetensorsFile::Open(path))->Find("a")->bytes, "1");
  // Whoever has the old file mapped keeps it.
  const auto old = *SafetensorsFile::Open(path);
  ASSERT_TRUE(WriteSafetensors(path, {{"a", DType::kU8, {1}, "2"}}, {}).ok());
  EXPECT_EQ(old->Find("a")->bytes, "1");
  EXPECT_EQ((*SafetensorsFile::Open(path))->Find("a")->bytes, "2");
  EXPECT_TRUE(absl::IsNotFound(
      WriteSafetensors(folder.path() / "none" / "x", {{"a", DType::kU8, {1}, "1"}}, {})));
}

}  // namespace
}  // namespace graft::artifacts
