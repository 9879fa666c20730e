#include "core/nn/state_dict.h"

#include <functional>
#include <limits>
#include <memory>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/nn/tiny_network.h"

namespace graft::nn {
namespace {

using testing::HasSubstr;

// The tiny network's tensors as a safetensors file, after `change`.
std::string FileOf(const Network& network,
                   const std::function<void(std::vector<NamedTensor>&)>& change = nullptr) {
  std::vector<NamedTensor> tensors = network.NamedTensors();
  if (change) change(tensors);
  std::vector<at::Tensor> keep;
  return artifacts::SerializeSafetensors(ViewTensors(tensors, keep), {}).value();
}

absl::Status Load(const std::string& bytes, Network& network) {
  const auto file = artifacts::SafetensorsFile::Parse(bytes);
  if (!file.ok()) return file.status();
  return LoadStages(**file, 0, network.num_stages(), LoadMode::kCopy, network);
}

TEST(StateDictTest, WhatIsSavedIsLoaded) {
  const auto source = Network::Create(TinyNetwork(), 1).value();
  const auto target = Network::Create(TinyNetwork(), 2).value();
  ASSERT_TRUE(Load(FileOf(*source), *target).ok());
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::ones({1, 3, 16, 16});
  EXPECT_TRUE(at::equal(source->Forward(x, 0, 3), target->Forward(x, 0, 3)));
}

TEST(StateDictTest, BorrowedTensorsPointIntoTheFile) {
  const auto source = Network::Create(TinyNetwork(), 1).value();
  const std::string bytes = FileOf(*source);
  const auto file = artifacts::SafetensorsFile::Parse(bytes).value();
  const auto target = Network::CreateEmpty(TinyNetwork()).value();
  ASSERT_TRUE(LoadStages(*file, 0, 3, LoadMode::kBorrow, *target).ok());
  for (const NamedTensor& named : target->NamedTensors()) {
    if (!named.is_parameter) continue;
    const char* data = static_cast<const char*>(named.tensor.const_data_ptr());
    EXPECT_TRUE(data >= bytes.data() && data < bytes.data() + bytes.size()) << named.name;
  }
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::ones({1, 3, 16, 16});
  EXPECT_TRUE(at::equal(source->Forward(x, 0, 3), target->Forward(x, 0, 3)));
}

TEST(StateDictTest, HalfPrecisionIsWidened) {
  const auto source = Network::Create(TinyNetwork(), 1).value();
  const std::string bytes = FileOf(*source, [](std::vector<NamedTensor>& tensors) {
    for (NamedTensor& named : tensors) {
      if (named.is_parameter) named.tensor = named.tensor.detach().to(at::kBFloat16);
    }
  });
  const auto target = Network::Create(TinyNetwork(), 2).value();
  ASSERT_TRUE(Load(bytes, *target).ok());
  for (const NamedTensor& named : target->NamedTensors()) {
    if (named.is_parameter) {
      EXPECT_EQ(named.tensor.scalar_type(), at::kFloat);
    }
  }
}

struct BadCase {
  const char* name;
  void (*spoil)(std::vector<NamedTensor>&);
  const char* message;
};

class BadStateDictTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadStateDictTest, IsRefusedByName) {
  const auto network = Network::Create(TinyNetwork(), 1).value();
  const std::string bytes = FileOf(*network, GetParam().spoil);
  const auto target = Network::Create(TinyNetwork(), 2).value();
  const absl::Status status = Load(bytes, *target);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
  // Without reading a value the same is found, but for what is wrong with values.
  const auto file = artifacts::SafetensorsFile::Parse(bytes).value();
  const auto empty = Network::CreateEmpty(TinyNetwork()).value();
  const absl::Status unread = CheckStages(*file, 0, empty->num_stages(), *empty);
  EXPECT_EQ(unread, GetParam().name == std::string("NaN") ? absl::OkStatus() : status);
}

using Tensors = std::vector<NamedTensor>;
INSTANTIATE_TEST_SUITE_P(
    All, BadStateDictTest,
    testing::Values(
        BadCase{"Missing", [](Tensors& tensors) { tensors.erase(tensors.begin()); },
                "'stem.weight' is missing"},
        BadCase{"Shape",
                [](Tensors& tensors) {
                  tensors[0].tensor = at::zeros({4, 3, 3, 1});
                },
                "'stem.weight' has shape [4, 3, 3, 1]"},
        BadCase{"Dtype",
                [](Tensors& tensors) {
                  tensors[0].tensor = at::zeros({4, 3, 3, 3}, at::TensorOptions(at::kLong));
                },
                "'stem.weight' has dtype I64"},
        BadCase{
            "NaN",
            [](Tensors& tensors) {
              tensors[0].tensor = at::full({4, 3, 3, 3}, std::numeric_limits<float>::quiet_NaN());
            },
            "'stem.weight' holds NaN"}),
    [](const auto& test) { return test.param.name; });

TEST(StateDictTest, OtherTensorsAreNamed) {
  const auto network = Network::Create(TinyNetwork(), 1).value();
  const std::string bytes = FileOf(*network, [](Tensors& tensors) {
    tensors.push_back({"surprise.weight", at::zeros({2}), true, 0});
  });
  const auto file = artifacts::SafetensorsFile::Parse(bytes).value();
  EXPECT_THAT(std::string(CheckNoOtherTensors(*file, *network).message()),
              HasSubstr("surprise.weight"));
}

}  // namespace
}  // namespace graft::nn
