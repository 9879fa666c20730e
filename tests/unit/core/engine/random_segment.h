#ifndef GRAFT_TESTS_UNIT_CORE_ENGINE_RANDOM_SEGMENT_H_
#define GRAFT_TESTS_UNIT_CORE_ENGINE_RANDOM_SEGMENT_H_

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "core/engine/engine.h"
#include "core/engine/segment.h"

namespace graft::engine {

// A segment of `spec` with weights drawn from `seed`; those of norms and of variances near 1.
inline std::shared_ptr<const Segment> MakeRandomSegment(
    nn::NetworkSpec spec, unsigned seed, std::optional<model::InputSpec> pixels = std::nullopt) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.3f);
  auto values = std::make_shared<std::vector<std::vector<float>>>();
  auto segment = std::make_shared<Segment>();
  for (const nn::Node& node : spec.nodes) {
    for (const nn::Slot& slot : nn::SlotsOf(node.op)) {
      if (slot.role == nn::Role::kCounter) continue;
      std::vector<float>& tensor = values->emplace_back(slot.shape.elements());
      const float base = std::string(slot.suffix) == "running_var" ? 1 : 0;
      for (float& value : tensor) {
        value = base + (base > 0 ? std::abs(normal(random)) : normal(random));
      }
      segment->tensors.push_back({nn::TensorName(node, slot), slot.shape, tensor.data()});
    }
  }
  segment->spec = std::move(spec);
  segment->keeps = std::move(values);
  segment->pixels = pixels;
  return segment;
}

struct RandomRows {
  std::vector<std::vector<std::string>> inputs;  // of each row

  std::vector<Row> rows(size_t count) const {
    std::vector<Row> rows(count);
    for (size_t i = 0; i < count; ++i) {
      for (size_t k = 0; k < inputs[i].size(); ++k) rows[i].inputs[k] = inputs[i][k].data();
    }
    return rows;
  }
};

// Pixels of any value; floats around 0; integers 0 and 1, the first one 1: token ids, or a mask
// under which each token may look at one.
inline RandomRows MakeRandomRows(const Segment& segment, int count, unsigned seed) {
  std::mt19937 random(seed);
  RandomRows rows;
  for (int i = 0; i < count; ++i) {
    std::vector<std::string>& inputs = rows.inputs.emplace_back();
    for (size_t k = 0; k < segment.spec.inputs.size(); ++k) {
      std::string& bytes = inputs.emplace_back(segment.input_bytes(k), '\0');
      const auto elements = static_cast<size_t>(segment.spec.inputs[k].shape.elements());
      if (k == 0 && segment.pixels.has_value()) {
        for (char& byte : bytes) byte = static_cast<char>(random() % 256);
      } else if (segment.spec.inputs[k].integers) {
        std::vector<int64_t> values(elements);
        for (int64_t& value : values) value = static_cast<int64_t>(random() % 2);
        values[0] = values[elements / 2] = 1;
        std::memcpy(bytes.data(), values.data(), bytes.size());
      } else {
        std::normal_distribution<float> normal(0, 2);
        std::vector<float> values(elements);
        for (float& value : values) value = normal(random);
        std::memcpy(bytes.data(), values.data(), bytes.size());
      }
    }
  }
  return rows;
}

// Within `tolerance` of the largest value of a row, or of 1.
inline void ExpectSameAnswers(const Engine& expected, const Engine& engine, const RandomRows& rows,
                              size_t count, float tolerance) {
  const auto outputs = static_cast<size_t>(expected.outputs());
  std::vector<float> theirs(count * outputs, -1);
  std::vector<float> ours(count * outputs, -2);
  const absl::Status first = expected.Run(rows.rows(count), theirs.data());
  ASSERT_TRUE(first.ok()) << first;
  const absl::Status second = engine.Run(rows.rows(count), ours.data());
  ASSERT_TRUE(second.ok()) << second;
  for (size_t row = 0; row < count; ++row) {
    float largest = 1;
    float difference = 0;
    for (size_t i = row * outputs; i < (row + 1) * outputs; ++i) {
      largest = std::max(largest, std::abs(theirs[i]));
      // Not a number where one is: the comparison below is then false.
      difference = std::max(difference, std::abs(theirs[i] - ours[i]));
      ASSERT_TRUE(std::isfinite(ours[i])) << "row " << row << ", value " << i;
    }
    EXPECT_LE(difference, tolerance * largest) << "row " << row << " of " << count;
  }
}

}  // namespace graft::engine

#endif  // GRAFT_TESTS_UNIT_CORE_ENGINE_RANDOM_SEGMENT_H_
