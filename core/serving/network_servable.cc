#include "core/serving/network_servable.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/status_macros.h"
#include "core/data/transforms.h"
#include "core/image/decode.h"
#include "core/image/encode.h"
#include "core/image/overlay.h"
#include "core/image/probe.h"
#include "core/image/resize.h"
#include "core/nn/torch_error.h"

namespace graft::serving {
namespace {

using Outputs = NetworkServable::Outputs;

absl::StatusOr<Outputs> RunSegment(const LoadedSegment& segment,
                                   absl::Span<const engine::Row> rows) {
  Outputs outputs;
  outputs.width = static_cast<size_t>(segment.engine->outputs());
  outputs.values.resize(outputs.width * rows.size());
  GRAFT_RETURN_IF_ERROR(segment.engine->Run(rows, outputs.values.data()));
  return outputs;
}

constexpr float kWhite = 255;  // the byte of a white pixel

absl::string_view BytesOf(const PixelTensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.values.data()),
          tensor.values.size() * sizeof(float)};
}

constexpr int kMostShown = 1'600;  // pixels of the longer side of a picture that is drawn on

image::Image Shown(const image::Image& picture) {
  const int longer = std::max(picture.width, picture.height);
  if (longer <= kMostShown) return picture;
  const auto shrunk = [longer](int side) {
    return std::max(1, static_cast<int>(int64_t{side} * kMostShown / longer));
  };
  return image::Resize(picture, shrunk(picture.width), shrunk(picture.height),
                       model::Interpolation::kBilinear);
}

// What an allocation throws, as a status.
template <typename F>
auto CatchOutOfMemory(absl::string_view what, F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of memory"));
  }
}

}  // namespace

NetworkServable::NetworkServable(Parts parts)
    : parts_(std::move(parts)),
      input_key_(absl::StrCat(parts_.batch_key, " ", model::Digest(parts_.description.input))) {}

uint64_t NetworkServable::prepared_bytes() const {
  return data::PreparedValues(parts_.description.input);
}

absl::StatusOr<image::Image> NetworkServable::Decode(const std::string& encoded) const {
  GRAFT_ASSIGN_OR_RETURN(image::ImageInfo info, image::ProbeImage(encoded, parts_.image_limits));
  if (info.reducible) {
    // A telephone's photograph takes many times longer to decode than the network to see.
    info.reduction = std::max(
        info.reduction,
        data::ReductionFor(info.upright_width(), info.upright_height(), parts_.description.input));
  }
  return image::DecodeProbed(encoded, info);
}

absl::StatusOr<PreparedInput> NetworkServable::Prepare(const PredictInput& given) const {
  return CatchOutOfMemory("reading an image", [&]() -> absl::StatusOr<PreparedInput> {
    const auto* const encoded = std::get_if<EncodedImage>(&given);
    PreparedInput prepared;
    if (parts_.common != nullptr && parts_.cache != nullptr && parts_.cache->enabled()) {
      prepared.cache_key =
          encoded != nullptr
              ? PredictCache::Key(parts_.project, input_key_, encoded->bytes)
              : PredictCache::Key(parts_.project, absl::StrCat(input_key_, " pixels"),
                                  BytesOf(std::get<PixelTensor>(given)));
      prepared.features = parts_.cache->Find(prepared.cache_key);
      if (prepared.features != nullptr) return prepared;
    }
    GRAFT_ASSIGN_OR_RETURN(prepared.bytes, encoded != nullptr
                                               ? Framed(encoded->bytes)
                                               : FromTensor(std::get<PixelTensor>(given)));
    const model::InputSpec& spec = parts_.description.input;
    prepared.statistics = drift::StatisticsOf(prepared.bytes, spec.height, spec.width);
    return prepared;
  });
}

absl::StatusOr<std::vector<uint8_t>> NetworkServable::Framed(const std::string& encoded) const {
  GRAFT_ASSIGN_OR_RETURN(const image::Image image, Decode(encoded));
  return data::FramePixels(image, parts_.description.input);
}

absl::StatusOr<std::vector<uint8_t>> NetworkServable::FromTensor(const PixelTensor& given) const {
  const model::InputSpec& spec = parts_.description.input;
  const std::vector<int64_t> wanted = {3, spec.height, spec.width};
  if (given.shape != wanted || given.values.size() != data::PreparedValues(spec)) {
    return absl::InvalidArgumentError(absl::StrCat("the model takes pixels of [",
                                                   absl::StrJoin(wanted, ", "), "], not of [",
                                                   absl::StrJoin(given.shape, ", "), "]"));
  }
  const model::PixelScale scale = model::PixelScaleOf(spec);
  const size_t places = given.values.size() / 3;
  std::vector<uint8_t> pixels(given.values.size());
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t place = 0; place < places; ++place) {
      const float value = given.values[channel * places + place];
      if (!std::isfinite(value)) {
        return absl::InvalidArgumentError("holds a number that is not finite");
      }
      const float byte = std::round((value - scale.shift[channel]) / scale.scale[channel]);
      pixels[place * 3 + channel] = static_cast<uint8_t>(std::clamp(byte, 0.f, kWhite));
    }
  }
  return pixels;
}

absl::StatusOr<engine::Row> NetworkServable::PixelsOf(const ServableRow& row) const {
  if (row.input->bytes.size() != prepared_bytes()) {
    return absl::InternalError("an input was prepared for another network");
  }
  return engine::Row{{row.input->bytes.data()}};
}

absl::StatusOr<NetworkServable::Outputs> NetworkServable::RunCommon(
    const std::vector<ServableRow>& rows) const {
  std::vector<engine::Row> unseen;
  for (const ServableRow& row : rows) {
    if (row.input->features != nullptr) continue;
    GRAFT_ASSIGN_OR_RETURN(unseen.emplace_back(), PixelsOf(row));
  }
  Outputs computed;
  if (!unseen.empty()) {
    GRAFT_ASSIGN_OR_RETURN(computed, RunSegment(*parts_.common, unseen));
    size_t next = 0;
    for (const ServableRow& row : rows) {
      if (row.input->features != nullptr) continue;
      const absl::Span<const float> from = computed.row(next++);
      if (row.input->cache_key.empty()) continue;
      parts_.cache->Put(row.input->cache_key, {from.begin(), from.end()});
    }
    if (unseen.size() == rows.size()) return computed;
  }
  Outputs all;
  all.width = static_cast<size_t>(parts_.common->engine->outputs());
  all.values.reserve(all.width * rows.size());
  size_t next = 0;
  for (const ServableRow& row : rows) {
    const PredictCache::Features& kept = row.input->features;
    if (kept != nullptr && kept->size() != all.width) {
      return absl::InternalError("features were kept of another network");
    }
    const float* const from = kept == nullptr ? computed.row(next++).data() : kept->data();
    all.values.insert(all.values.end(), from, from + all.width);
  }
  return all;
}

absl::StatusOr<std::vector<RowNumbers>> NetworkServable::RunOwn(
    const std::vector<engine::Row>& inputs) const {
  GRAFT_ASSIGN_OR_RETURN(const Outputs outputs, RunSegment(*parts_.own, inputs));
  const auto width = static_cast<size_t>(parts_.decoder->outputs());
  std::vector<RowNumbers> rows(inputs.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const absl::Span<const float> row = outputs.row(i);
    const absl::Span<const float> outputs_of = row.first(width);
    const absl::Span<const float> rest = row.subspan(width);
    rows[i].outputs.assign(outputs_of.begin(), outputs_of.end());
    rows[i].embedding.assign(rest.begin(), rest.end());
  }
  return rows;
}

absl::StatusOr<std::vector<std::vector<RowNumbers>>> NetworkServable::Run(
    const std::vector<ServableRow>& rows) const {
  const auto compute = [&]() -> absl::StatusOr<std::vector<std::vector<RowNumbers>>> {
    std::vector<engine::Row> inputs;  // of the own parts
    Outputs features;
    if (parts_.common != nullptr) {
      GRAFT_ASSIGN_OR_RETURN(features, RunCommon(rows));
      for (size_t i = 0; i < rows.size(); ++i) inputs.push_back({{features.row(i).data()}});
    } else {
      for (const ServableRow& row : rows) {
        GRAFT_ASSIGN_OR_RETURN(inputs.emplace_back(), PixelsOf(row));
      }
    }
    // Then each model's own part over its own rows.
    struct Mine {
      std::vector<engine::Row> inputs;
      std::vector<std::pair<size_t, size_t>> places;  // row, and which of its models
    };
    absl::flat_hash_map<const Servable*, Mine> by_model;
    struct Copy {
      size_t row, to, from;  // of a model that is asked twice
    };
    std::vector<Copy> copies;
    std::vector<std::vector<RowNumbers>> answers(rows.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      answers[row].resize(rows[row].models.size());
      absl::flat_hash_map<const Servable*, size_t> first;
      for (size_t i = 0; i < rows[row].models.size(); ++i) {
        const auto [before, is_new] = first.try_emplace(rows[row].models[i], i);
        if (!is_new) {
          copies.push_back({row, i, before->second});
          continue;
        }
        Mine& mine = by_model[rows[row].models[i]];
        mine.inputs.push_back(inputs[row]);
        mine.places.emplace_back(row, i);
      }
    }
    for (const auto& [model, mine] : by_model) {
      // Equal batch keys come only from servables of this kind.
      const auto& own = static_cast<const NetworkServable&>(*model);
      GRAFT_ASSIGN_OR_RETURN(std::vector<RowNumbers> numbers, own.RunOwn(mine.inputs));
      for (size_t i = 0; i < numbers.size(); ++i) {
        const auto [row, which] = mine.places[i];
        if (!own.parts_.own_embeds) {
          const absl::Span<const float> read = features.row(row);
          numbers[i].embedding.assign(read.begin(), read.end());
        }
        if (own.parts_.known.has_value()) {
          numbers[i].unknown_score = own.parts_.known->UnknownScore(numbers[i].embedding);
        }
        answers[row][which] = std::move(numbers[i]);
      }
    }
    for (const Copy& copy : copies) answers[copy.row][copy.to] = answers[copy.row][copy.from];
    return answers;
  };
  return CatchOutOfMemory("computing a prediction", compute);
}

absl::StatusOr<Explanation> NetworkServable::Explain(const PredictInput& input,
                                                     const ChooseOutput& choose,
                                                     bool overlay) const {
  return nn::CatchTorchErrors("explaining a prediction", [&]() -> absl::StatusOr<Explanation> {
    GRAFT_ASSIGN_OR_RETURN(const image::Image picture, Decode(std::get<EncodedImage>(input).bytes));
    const model::InputSpec& spec = parts_.description.input;
    const std::vector<uint8_t> pixels = data::FramePixels(picture, spec);
    GRAFT_ASSIGN_OR_RETURN(GradientMapper::Mapped mapped, parts_.mapper->Map(pixels, choose));
    Explanation explanation;
    explanation.map = std::move(mapped.map);
    explanation.numbers.outputs = std::move(mapped.outputs);
    explanation.of = mapped.of;
    const data::FramedPicture framed = data::Frame(picture.width, picture.height, spec);
    explanation.map.left = static_cast<double>(framed.x) / framed.width;
    explanation.map.top = static_cast<double>(framed.y) / framed.height;
    explanation.map.right = static_cast<double>(framed.x + spec.width) / framed.width;
    explanation.map.bottom = static_cast<double>(framed.y + spec.height) / framed.height;
    if (overlay) {
      GRAFT_ASSIGN_OR_RETURN(explanation.overlay_png,
                             image::EncodePng(image::DrawHeatMap(Shown(picture), explanation.map)));
    }
    return explanation;
  });
}

}  // namespace graft::serving
