#include "core/serving/network_servable.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/sha256.h"
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

// Equal batch keys come only from servables of this kind.
const NetworkServable& Network(const Servable& servable) {
  return static_cast<const NetworkServable&>(servable);
}

// Null where nothing was looked up.
const SharedFeatures* FindFeatures(const PreparedInput& input, absl::string_view of) {
  for (const SharedFeatures& each : input.features) {
    if (each.of == of) return &each;
  }
  return nullptr;
}

bool IsKnown(const PreparedInput& input, const Servable& model) {
  const SharedFeatures* const features = FindFeatures(input, model.features_key());
  return features != nullptr && features->values != nullptr;
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
      input_digest_(model::Digest(parts_.description.input)),
      input_key_(absl::StrCat(parts_.batch_key, " ", input_digest_)) {}

int NetworkServable::max_rows() const {
  const int at_once = parts_.place != nullptr ? parts_.place->trunk().rows_at_once()
                                              : parts_.own->engine->rows_at_once();
  return std::min(parts_.max_rows, at_once);
}

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

absl::StatusOr<PreparedInput> NetworkServable::PrepareFor(
    const PredictInput& given, absl::Span<const Servable* const> models) const {
  return CatchOutOfMemory("reading an image", [&]() -> absl::StatusOr<PreparedInput> {
    const auto* const encoded = std::get_if<EncodedImage>(&given);
    PreparedInput prepared;
    if (parts_.cache != nullptr && parts_.cache->enabled()) {
      Recall(given, models, prepared);
      if (prepared.known()) return prepared;
    }
    GRAFT_ASSIGN_OR_RETURN(prepared.bytes, encoded != nullptr
                                               ? Framed(encoded->bytes)
                                               : FromTensor(std::get<PixelTensor>(given)));
    const model::InputSpec& spec = parts_.description.input;
    prepared.statistics = drift::StatisticsOf(prepared.bytes, spec.height, spec.width);
    return prepared;
  });
}

void NetworkServable::Recall(const PredictInput& given, absl::Span<const Servable* const> models,
                             PreparedInput& prepared) const {
  const auto* const encoded = std::get_if<EncodedImage>(&given);
  // Once, however many keys it becomes part of.
  const std::string content =
      Sha256Hex(encoded != nullptr ? encoded->bytes : BytesOf(std::get<PixelTensor>(given)));
  for (const Servable* const model : models) {
    const std::string& of = model->features_key();
    if (FindFeatures(prepared, of) != nullptr) continue;
    // Where this model has nothing in common with others, all are this one.
    std::string key =
        PredictCache::Key(parts_.project,
                          absl::StrCat(parts_.place != nullptr ? of : parts_.answers_key, " ",
                                       input_digest_, encoded != nullptr ? "" : " pixels"),
                          content);
    PredictCache::Features values = parts_.cache->Find(key);
    prepared.features.push_back({of, std::move(key), std::move(values)});
  }
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

absl::StatusOr<NetworkServable::Reads> NetworkServable::RunTrunk(
    const std::vector<ServableRow>& rows, TrunkFeatures* computed) const {
  std::vector<TrunkRow> unknown;
  std::vector<size_t> place(rows.size());  // of each row among `unknown`
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<TrunkExit> exits;
    for (const Servable* const model : rows[i].models) {
      if (!IsKnown(*rows[i].input, *model)) exits.push_back(Network(*model).place()->exit());
    }
    place[i] = unknown.size();
    if (exits.empty()) continue;
    GRAFT_ASSIGN_OR_RETURN(const engine::Row pixels, PixelsOf(rows[i]));
    unknown.push_back({pixels, std::move(exits)});
  }
  if (!unknown.empty()) {
    GRAFT_ASSIGN_OR_RETURN(*computed, parts_.place->trunk().Run(unknown));
  }
  Reads reads(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    absl::flat_hash_set<absl::string_view> kept;
    for (const Servable* const model : rows[i].models) {
      const SharedFeatures* const features = FindFeatures(*rows[i].input, model->features_key());
      if (features != nullptr && features->values != nullptr) {
        if (features->values->size() != Network(*model).FeaturesRead()) {
          return absl::InternalError("features were kept of another network");
        }
        reads[i].emplace_back(*features->values);
        continue;
      }
      reads[i].push_back(computed->of(place[i], Network(*model).place()->exit()));
      if (features == nullptr || features->cache_key.empty()) continue;
      if (!kept.insert(features->of).second) continue;
      parts_.cache->Put(features->cache_key, {reads[i].back().begin(), reads[i].back().end()});
    }
  }
  return reads;
}

absl::StatusOr<std::vector<RowNumbers>> NetworkServable::RunOwn(
    const std::vector<engine::Row>& inputs) const {
  GRAFT_ASSIGN_OR_RETURN(const Outputs outputs, RunSegment(*parts_.own, inputs));
  std::vector<RowNumbers> rows;
  rows.reserve(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) rows.push_back(NumbersOf(outputs.row(i)));
  return rows;
}

RowNumbers NetworkServable::NumbersOf(absl::Span<const float> outputs) const {
  const auto width = static_cast<size_t>(parts_.decoder->outputs());
  const absl::Span<const float> rest = outputs.subspan(width);
  return {{outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(width)},
          {rest.begin(), rest.end()}};
}

absl::StatusOr<std::vector<std::vector<RowNumbers>>> NetworkServable::RunAlone(
    const std::vector<ServableRow>& rows) const {
  std::vector<engine::Row> unknown;
  for (const ServableRow& row : rows) {
    if (row.input->known()) continue;
    GRAFT_ASSIGN_OR_RETURN(unknown.emplace_back(), PixelsOf(row));
  }
  Outputs computed;
  if (!unknown.empty()) {
    GRAFT_ASSIGN_OR_RETURN(computed, RunSegment(*parts_.own, unknown));
  }
  std::vector<std::vector<RowNumbers>> answers;
  size_t next = 0;  // of the computed ones
  for (const ServableRow& row : rows) {
    const SharedFeatures* const kept =
        row.input->features.empty() ? nullptr : &row.input->features.front();
    absl::Span<const float> outputs;
    if (row.input->known()) {
      outputs = *kept->values;
      if (outputs.size() != static_cast<size_t>(parts_.own->engine->outputs())) {
        return absl::InternalError("answers were kept of another network");
      }
    } else {
      outputs = computed.row(next++);
      if (kept != nullptr) parts_.cache->Put(kept->cache_key, {outputs.begin(), outputs.end()});
    }
    RowNumbers numbers = NumbersOf(outputs);
    if (parts_.known.has_value()) {
      numbers.unknown_score = parts_.known->UnknownScore(numbers.embedding);
    }
    answers.emplace_back(row.models.size(), numbers);  // the model may be asked twice
  }
  return answers;
}

absl::StatusOr<std::vector<std::vector<RowNumbers>>> NetworkServable::Run(
    const std::vector<ServableRow>& rows) const {
  return CatchOutOfMemory("computing a prediction", [&] {
    return parts_.place != nullptr ? RunTogether(rows) : RunAlone(rows);
  });
}

absl::StatusOr<std::vector<std::vector<RowNumbers>>> NetworkServable::RunTogether(
    const std::vector<ServableRow>& rows) const {
  TrunkFeatures computed;
  GRAFT_ASSIGN_OR_RETURN(const Reads reads, RunTrunk(rows, &computed));
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
      mine.inputs.push_back({{reads[row][i].data()}});
      mine.places.emplace_back(row, i);
    }
  }
  for (const auto& [model, mine] : by_model) {
    const NetworkServable& own = Network(*model);
    GRAFT_ASSIGN_OR_RETURN(std::vector<RowNumbers> numbers, own.RunOwn(mine.inputs));
    for (size_t i = 0; i < numbers.size(); ++i) {
      const auto [row, which] = mine.places[i];
      if (!own.parts_.own_embeds) {
        const absl::Span<const float> read = reads[row][which];
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
