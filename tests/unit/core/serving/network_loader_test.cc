#include "core/serving/network_loader.h"

#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/image/encode.h"
#include "tests/unit/core/serving/network_loader_fixture.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(NetworkLoaderTest, AnswersWhatTheTrainedNetworkWould) {
  Publish(1, 1);
  Publish(2, 2, /*changed=*/true);
  Publish(3, 3, /*changed=*/false, /*temperature=*/2.5);
  const PreparedInput image = RandomInput(5);
  for (const int64_t version : {1, 2, 3}) {
    const auto servable = Load(version);
    ASSERT_TRUE(servable.ok()) << servable.status();
    const auto answers = (*servable)->Run({{servable->get(), &image}});
    ASSERT_TRUE(answers.ok()) << answers.status();
    ExpectNear(Probabilities(**servable, (*answers)[0]),
               Reference(version, image, version == 3 ? 2.5 : 1));
  }
}

TEST_F(NetworkLoaderTest, ModelsOfOneFrozenBackboneRideInOneBatchEachRowWithItsOwnHead) {
  Publish(1, 1);
  Publish(2, 2);
  const auto first = Load(1).value();
  const auto second = Load(2).value();
  ASSERT_EQ(first->batch_key(), second->batch_key());
  const std::vector<PreparedInput> images = {RandomInput(1), RandomInput(2), RandomInput(3)};
  const auto answers = second->Run(
      {{second.get(), &images[0]}, {first.get(), &images[1]}, {second.get(), &images[2]}});
  ASSERT_TRUE(answers.ok()) << answers.status();
  ExpectNear(Probabilities(*second, (*answers)[0]), Reference(2, images[0]));
  ExpectNear(Probabilities(*first, (*answers)[1]), Reference(1, images[1]));
  ExpectNear(Probabilities(*second, (*answers)[2]), Reference(2, images[2]));
}

TEST_F(NetworkLoaderTest, APassHasNoMoreRowsThanItsMemoryAllows) {
  Publish(1, 1);
  const int unbounded = Load(1).value()->max_rows();
  NetworkLoader::Options options;
  options.max_batch_bytes = 16 << 10;
  MakeLoader(options);
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
    NetworkLoader loader({}, &source, &catalog, &decoders_);
    servable = loader.Load({"p", "m", 1}, {1}).value();
  }
  // A use of memory that went with the loader or its files would end the process here.
  const PreparedInput image = RandomInput(5);
  ExpectNear(Probabilities(*servable, servable->Run({{servable.get(), &image}}).value()[0]),
             Reference(1, image));
}

TEST_F(NetworkLoaderTest, PreparesPicturesAndSaysWhatIsWrongWithOthers) {
  Publish(1, 1);
  const auto servable = Load(1).value();
  const std::string png = EncodePng(MakeImage(20, 10)).value();
  EXPECT_EQ(servable->Prepare(EncodedImage{png})->values.size(), 3u * 8 * 8);
  for (const std::string& bad : {std::string("GIF"), png.substr(0, png.size() - 20)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(servable->Prepare(EncodedImage{bad}).status()));
  }
}

TEST_F(NetworkLoaderTest, PicturesLargerThanTheLimitsAreRefused) {
  NetworkLoader::Options options;
  options.images.max_pixels = 199;
  MakeLoader(options);
  Publish(1, 1);
  const auto servable = Load(1).value();
  EXPECT_TRUE(servable->Prepare(EncodedImage{EncodePng(MakeImage(19, 10)).value()}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(
      servable->Prepare(EncodedImage{EncodePng(MakeImage(20, 10)).value()}).status()));
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

TEST_F(NetworkLoaderTest, DescriptionsThatDoNotGoWithTheirBackboneOrHeadAreDamage) {
  const auto edited = [&](const std::function<void(ModelDescription&)>& change) {
    Publish(1, 1);
    ModelDescription description =
        ModelDescriptionFromJson(source_.versions[1].description).value();
    change(description);
    source_.versions[1].description = ModelDescriptionToJson(description);
    const absl::Status measured = loader_->Measure({"p", "m", 1}).status();
    EXPECT_TRUE(measured.ok() || absl::IsDataLoss(measured)) << measured;
    return Load(1).status();
  };
  EXPECT_TRUE(edited([](ModelDescription&) {}).ok());
  for (const absl::Status& status :
       {edited([](ModelDescription& d) { d.cut_point = "classifier"; }),
        edited([](ModelDescription& d) { d.cut_point = "none"; }),
        edited([](ModelDescription& d) { d.changed_stages = {"classifier"}; }),
        edited([](ModelDescription& d) {
          d.cut_point = "low";
          d.changed_stages = {"high"};
        }),
        edited([](ModelDescription& d) { d.outputs = R"({"labels":["cat","dog"]})"; }),
        edited([](ModelDescription& d) { d.outputs = "{}"; })}) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  }
  const absl::Status unknown = edited([](ModelDescription& d) { d.task = "fortune telling"; });
  EXPECT_TRUE(absl::IsUnimplemented(unknown)) << unknown;
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("fortune telling"));
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
