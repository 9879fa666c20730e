#include "core/serving/network_loader.h"

#include <filesystem>
#include <map>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/data/transforms.h"
#include "core/image/encode.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

NetworkSpec TinySpec() {
  SpecBuilder builder("tiny", {3, 8, 8});
  builder.Append("one", Conv2d{.in_channels = 3, .out_channels = 4, .kernel = 3, .padding = 1});
  builder.Append("", Activation{});
  builder.EndStage("low");
  builder.Append(
      "two", Conv2d{.in_channels = 4, .out_channels = 6, .kernel = 3, .stride = 2, .padding = 1});
  builder.Append("two_norm", BatchNorm2d{.channels = 6});
  builder.Append("", Activation{});
  builder.EndStage("high");
  builder.EndFeatures();
  return builder.Take();
}

std::string Serialize(const std::vector<NamedTensor>& tensors) {
  std::vector<at::Tensor> keep;
  return *SerializeSafetensors(ViewTensors(tensors, keep), {});
}

struct Published {
  std::string model;
  std::string description;
};

class FakeArtifact final : public ModelArtifact {
 public:
  explicit FakeArtifact(Published published) : published_(std::move(published)) {}
  absl::string_view model_bytes() const override { return published_.model; }
  absl::string_view description_json() const override { return published_.description; }

 private:
  const Published published_;
};

class FakeSource final : public ModelSource {
 public:
  std::map<int64_t, Published> versions;
  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&,
                                  int64_t version) override {
    return version;
  }
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey& key) override {
    if (!versions.contains(key.version)) return absl::NotFoundError("no such version");
    return ArtifactSummary{versions[key.version].model.size(), versions[key.version].description};
  }
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey& key) override {
    if (!versions.contains(key.version)) return absl::NotFoundError("no such version");
    return std::make_unique<FakeArtifact>(versions[key.version]);
  }
};

class NetworkLoaderTest : public ::testing::Test {
 protected:
  NetworkLoaderTest() {
    backbone_network_ = *Network::Create(TinySpec(), 7);
    backbone_bytes_ = Serialize(backbone_network_->NamedTensors());
    digest_ = Sha256Hex(backbone_bytes_);
    auto weights = BackboneWeights::Wrap("tiny", TinySpec(), Input(),
                                         *SafetensorsFile::Parse(backbone_bytes_), digest_);
    catalog_ = std::make_unique<WeightsCatalog>(
        std::vector<std::shared_ptr<const BackboneWeights>>{weights.value()});
    loader_ = std::make_unique<NetworkLoader>(NetworkLoader::Options{}, &source_, catalog_.get());
  }

  static InputSpec Input() {
    InputSpec input;
    input.height = 8;
    input.width = 8;
    return input;
  }

  // A version whose head is drawn from `seed`; with `changed`, its upper stage is too.
  void Publish(int64_t version, uint64_t seed, bool changed = false,
               std::optional<double> temperature = std::nullopt) {
    ModelDescription description;
    description.backbone = "tiny";
    description.backbone_digest = digest_;
    description.cut_point = "high";
    if (changed) description.changed_stages = {"high"};
    description.head = {.kind = HeadKind::kLinear, .features = {6, 4, 4}, .outputs = 3};
    description.input = Input();
    description.task = kClassificationTask;
    description.outputs = ToJson(ClassificationOutputs{{"cat", "dog", "owl"}, temperature});
    heads_[version] = *Network::Create(*BuildHead(description.head), seed);
    networks_[version] = *Network::Create(TinySpec(), changed ? seed + 100 : 7);
    std::vector<NamedTensor> tensors = heads_[version]->NamedTensors();
    if (changed) {
      ASSERT_TRUE(networks_[version]
                      ->SetTensor("one.weight", backbone_network_->NamedTensors()[0].tensor)
                      .ok());
      ASSERT_TRUE(networks_[version]
                      ->SetTensor("one.bias", backbone_network_->NamedTensors()[1].tensor)
                      .ok());
      for (const NamedTensor& tensor : networks_[version]->NamedTensors(1, 2)) {
        tensors.push_back(tensor);
      }
    }
    source_.versions[version] = {Serialize(tensors), ModelDescriptionToJson(description)};
  }

  absl::StatusOr<std::shared_ptr<const Servable>> Load(int64_t version) {
    return loader_->Load({"p", "m", version}, {1, 4});
  }

  static PreparedImage RandomImage(uint64_t seed) {
    PreparedImage image;
    Random random(seed);
    for (size_t i = 0; i < PreparedValues(Input()); ++i) {
      image.values.push_back(static_cast<float>(random.Uniform(-2, 2)));
    }
    return image;
  }

  // What training's own network would answer.
  std::vector<float> Reference(int64_t version, const PreparedImage& image,
                               double temperature = 1) {
    const at::NoGradGuard no_grad;
    const at::Tensor x = at::tensor(image.values).view({1, 3, 8, 8});
    const at::Tensor logits = heads_[version]->Forward(networks_[version]->Forward(x, 0, 2), 0, 1);
    const at::Tensor p = at::softmax(logits / temperature, 1).contiguous();
    return {p.data_ptr<float>(), p.data_ptr<float>() + p.numel()};
  }

  static void ExpectNear(const std::vector<float>& got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
  }

  std::unique_ptr<Network> backbone_network_;
  std::string backbone_bytes_;
  std::string digest_;
  FakeSource source_;
  std::unique_ptr<WeightsCatalog> catalog_;
  std::unique_ptr<NetworkLoader> loader_;
  std::map<int64_t, std::unique_ptr<Network>> heads_;
  std::map<int64_t, std::unique_ptr<Network>> networks_;
};

const NetworkServable& Networks(const std::shared_ptr<const Servable>& servable) {
  return static_cast<const NetworkServable&>(*servable);
}

TEST_F(NetworkLoaderTest, AnswersWhatTheTrainedNetworkWould) {
  Publish(1, 1);
  Publish(2, 2, /*changed=*/true);
  Publish(3, 3, /*changed=*/false, /*temperature=*/2.5);
  const PreparedImage image = RandomImage(5);
  for (const int64_t version : {1, 2, 3}) {
    const auto servable = Load(version);
    ASSERT_TRUE(servable.ok()) << servable.status();
    const auto answers = (*servable)->Run({{servable->get(), &image}});
    ASSERT_TRUE(answers.ok()) << answers.status();
    ExpectNear((*answers)[0], Reference(version, image, version == 3 ? 2.5 : 1));
  }
}

TEST_F(NetworkLoaderTest, ModelsOfOneFrozenBackboneRideInOneBatchEachRowWithItsOwnHead) {
  Publish(1, 1);
  Publish(2, 2);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  ASSERT_EQ(first->batch_key(), second->batch_key());
  const std::vector<PreparedImage> images = {RandomImage(1), RandomImage(2), RandomImage(3)};
  const auto answers = second->Run(
      {{second.get(), &images[0]}, {first.get(), &images[1]}, {second.get(), &images[2]}});
  ASSERT_TRUE(answers.ok()) << answers.status();
  ExpectNear((*answers)[0], Reference(2, images[0]));
  ExpectNear((*answers)[1], Reference(1, images[1]));
  ExpectNear((*answers)[2], Reference(2, images[2]));
}

TEST_F(NetworkLoaderTest, ABackboneIsInMemoryOnceAndPointsIntoItsFile) {
  Publish(1, 1);
  Publish(2, 2);
  Publish(3, 3, /*changed=*/true);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const auto changed = Load(3).value();
  EXPECT_EQ(&Networks(first).features(), &Networks(second).features());
  const auto shared = Networks(first).features().NamedTensors(0, 1);
  const auto prefix = Networks(changed).features().NamedTensors(0, 1);
  for (size_t i = 0; i < shared.size(); ++i) {
    EXPECT_EQ(shared[i].tensor.const_data_ptr(), prefix[i].tensor.const_data_ptr());
    const char* at = static_cast<const char*>(shared[i].tensor.const_data_ptr());
    EXPECT_GE(at, backbone_bytes_.data());
    EXPECT_LT(at, backbone_bytes_.data() + backbone_bytes_.size());
  }
  EXPECT_NE(Networks(first).features().NamedTensors(1, 2)[0].tensor.const_data_ptr(),
            Networks(changed).features().NamedTensors(1, 2)[0].tensor.const_data_ptr());
  EXPECT_NE(first->batch_key(), changed->batch_key());
  EXPECT_EQ(first->own_bytes(), (6 * 3 + 3) * sizeof(float));
  EXPECT_GT(changed->own_bytes(), first->own_bytes());
}

TEST_F(NetworkLoaderTest, MeasuresAVersionWithoutReadingIt) {
  Publish(1, 1);
  Publish(2, 2, /*changed=*/true);
  for (const int64_t version : {1, 2}) {
    const LoadedItem measured = loader_->Measure({"p", "m", version}).value();
    const auto loaded = Load(version).value();
    EXPECT_EQ(measured.backbone_digest, loaded->backbone_digest());
    EXPECT_NEAR(measured.own_bytes, loaded->own_bytes(), 1024);            // the file's header
    EXPECT_NEAR(measured.backbone_bytes, loaded->backbone_bytes(), 1024);  // running statistics
    EXPECT_LE(measured.backbone_bytes, loaded->backbone_bytes());
  }
  EXPECT_TRUE(absl::IsNotFound(loader_->Measure({"p", "m", 9}).status()));
}

TEST_F(NetworkLoaderTest, APassHasNoMoreRowsThanItsMemoryAllows) {
  Publish(1, 1);
  const int unbounded = Load(1).value()->max_rows();
  NetworkLoader::Options options;
  options.max_batch_bytes = 16 << 10;
  loader_ = std::make_unique<NetworkLoader>(options, &source_, catalog_.get());
  const auto servable = Load(1).value();
  EXPECT_LT(servable->max_rows(), unbounded);
  // [3, 8, 8], and before and after the activation [4, 8, 8].
  EXPECT_EQ(servable->max_rows(), (16 << 10) / (sizeof(float) * 8 * 8 * (3 + 4 + 4)));
}

TEST_F(NetworkLoaderTest, SharedFeaturesAreWarmedWithTheFirstModel) {
  Publish(1, 1);
  Publish(2, 2);
  Publish(3, 3, /*changed=*/true);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  const auto changed = Load(3).value();  // has nothing to share
  const SharedBackbone& backbone = Networks(first).backbone();
  absl::MutexLock lock(&backbone.mutex);
  EXPECT_THAT(backbone.warmed, ElementsAre(first->batch_key()));
}

// A version whose tensors lie in a mapped file, as StoredModelSource opens them.
class MappedArtifact final : public ModelArtifact {
 public:
  MappedArtifact(std::unique_ptr<MappedFile> file, std::string description)
      : file_(std::move(file)), description_(std::move(description)) {}
  absl::string_view model_bytes() const override { return file_->bytes(); }
  absl::string_view description_json() const override { return description_; }

 private:
  const std::unique_ptr<MappedFile> file_;
  const std::string description_;
};

class MappedSource final : public ModelSource {
 public:
  MappedSource(std::filesystem::path file, std::string description)
      : file_(std::move(file)), description_(std::move(description)) {}
  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&, int64_t) override {
    return 1;
  }
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey&) override {
    return absl::UnimplementedError("not asked");
  }
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey&) override {
    GRAFT_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(file_));
    return std::make_unique<MappedArtifact>(std::move(mapped), description_);
  }

 private:
  const std::filesystem::path file_;
  const std::string description_;
};

TEST_F(NetworkLoaderTest, AServedModelOutlivesItsLoaderAndTheFilesNames) {
  Publish(1, 1);
  std::shared_ptr<const Servable> servable;
  {
    const TempDirectory folder = TempDirectory::Create().value();
    const std::filesystem::path model = folder.path() / "model";
    const std::filesystem::path weights = folder.path() / "weights";
    ASSERT_TRUE(WriteFileAtomically(model, source_.versions[1].model).ok());
    ASSERT_TRUE(WriteFileAtomically(weights, backbone_bytes_).ok());
    MappedSource source(model, source_.versions[1].description);
    const WeightsCatalog catalog({BackboneWeights::Wrap("tiny", TinySpec(), Input(),
                                                        *SafetensorsFile::Open(weights), digest_)
                                      .value()});
    NetworkLoader loader({}, &source, &catalog);
    servable = loader.Load({"p", "m", 1}, {1}).value();
  }
  // A use of memory that went with the loader or its files would end the process here.
  const PreparedImage image = RandomImage(5);
  ExpectNear(servable->Run({{servable.get(), &image}}).value()[0], Reference(1, image));
}

TEST_F(NetworkLoaderTest, PreparesPicturesAndSaysWhatIsWrongWithOthers) {
  Publish(1, 1);
  const auto servable = Load(1).value();
  const std::string png = EncodePng(MakeImage(20, 10)).value();
  EXPECT_EQ(servable->Prepare(png)->values.size(), 3u * 8 * 8);
  EXPECT_TRUE(absl::IsInvalidArgument(servable->Prepare("GIF").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(servable->Prepare(png.substr(0, png.size() - 20)).status()));
}

TEST_F(NetworkLoaderTest, PicturesLargerThanTheLimitsAreRefused) {
  NetworkLoader::Options options;
  options.images.max_pixels = 199;
  loader_ = std::make_unique<NetworkLoader>(options, &source_, catalog_.get());
  Publish(1, 1);
  const auto servable = Load(1).value();
  EXPECT_TRUE(servable->Prepare(EncodePng(MakeImage(19, 10)).value()).ok());
  EXPECT_TRUE(
      absl::IsInvalidArgument(servable->Prepare(EncodePng(MakeImage(20, 10)).value()).status()));
}

TEST_F(NetworkLoaderTest, DamagedModelsAreNamedNotServed) {
  Publish(1, 1);
  const Published good = source_.versions[1];
  source_.versions[2] = {good.model.substr(0, good.model.size() - 8), good.description};
  source_.versions[3] = {good.model, "{}"};
  source_.versions[4] = {Serialize({}), good.description};
  std::vector<NamedTensor> more = heads_[1]->NamedTensors();
  more.push_back({.name = "stranger", .tensor = at::zeros({2})});
  source_.versions[5] = {Serialize(more), good.description};
  for (const int64_t version : {2, 3, 4, 5}) {
    const absl::Status status = Load(version).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << version << ": " << status;
    EXPECT_THAT(std::string(status.message()), StartsWith("model \"m\" version "));
  }
  EXPECT_THAT(std::string(Load(5).status().message()), HasSubstr("\"stranger\""));
  EXPECT_TRUE(absl::IsNotFound(Load(9).status()));
}

TEST_F(NetworkLoaderTest, WithoutItsBackboneAModelSaysWhatToInstall) {
  digest_ = std::string(64, 'a');
  Publish(1, 1);
  const absl::Status status = Load(1).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"tiny\""));
}

}  // namespace
}  // namespace graft
