#include "server/api/model_service.h"

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/serving/drift_watch.h"
#include "server/api/run_handler.h"
#include "tests/fakes/fake_serving.h"
#include "tests/fakes/loopback_server.h"
#include "tests/unit/server/store_test.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ModelServiceTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    service_ = std::make_unique<ModelService>(ModelService::Environment{
        store_.get(), blobs_.get(), logger_.get(),
        [this](const std::string& project, const std::string& model, int64_t version) {
          forgotten_.emplace_back(project, model, version);
        },
        [this](const serving::ModelKey& key) -> std::optional<serving::ModelStatus> {
          if (!loaded_.has_value() || !(loaded_->key == key)) return std::nullopt;
          return loaded_;
        },
        [this](const serving::ModelKey& key,
               absl::Duration) -> absl::StatusOr<std::shared_ptr<const void>> {
          if (!load_error_.ok()) return load_error_;
          auto held = std::make_shared<int64_t>(key.version);
          held_ = held;
          asked_to_load_.push_back(key.version);
          return held;
        },
        [this](const store::ModelLabel& label) {
          EXPECT_TRUE(label.version == 0 || !held_.expired()) << "it may have left memory";
          told_.push_back(label);
        },
        [this](const std::string& project, const std::string& model, bool pinned) {
          EXPECT_TRUE(!pinned || !held_.expired()) << "it may have left memory";
          pins_.push_back(absl::StrCat(project, "/", model, pinned ? " pinned" : " unpinned"));
        }});
  }

  // Runs a job to its published version.
  void Publish(const std::string& job_id) {
    v1::Report report;
    report.mutable_classification()->set_accuracy(0.75);
    store::JobOutcome outcome;
    outcome.report = report.SerializeAsString();
    outcome.card = R"({"licence":"MIT"})";
    ASSERT_TRUE(blobs_->PutIfAbsent("jobs/" + job_id + "/1/model.safetensors", "bytes").ok());
    PublishPets(job_id, "default", R"({"labels":["cat","dog"]})", outcome);
  }

  absl::StatusOr<v1::GetModelResponse> Get(const std::string& model, int64_t version) {
    v1::GetModelRequest request;
    request.set_model(model);
    request.set_version(version);
    return Call(gate_, {}, *service_, &ModelService::GetModel, request);
  }

  absl::Status Delete(const std::string& model, int64_t version) {
    v1::DeleteModelRequest request;
    request.set_model(model);
    request.set_version(version);
    return Call(gate_, {}, *service_, &ModelService::DeleteModel, request).status();
  }

  absl::StatusOr<v1::SetModelLabelResponse> SetLabel(
      const std::string& label, int64_t version, std::optional<int64_t> expected = std::nullopt) {
    v1::SetModelLabelRequest request;
    request.set_model("pets");
    request.set_label(label);
    request.set_version(version);
    if (expected.has_value()) request.set_expected_version(*expected);
    return Call(gate_, {}, *service_, &ModelService::SetModelLabel, request);
  }

  absl::Status SetPin(const std::string& model, bool pinned) {
    v1::SetModelPinRequest request;
    request.set_model(model);
    request.set_pinned(pinned);
    return Call(gate_, {}, *service_, &ModelService::SetModelPin, request).status();
  }

  const Gate gate_;
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::vector<std::tuple<std::string, std::string, int64_t>> forgotten_;
  std::unique_ptr<ModelService> service_;
  std::optional<serving::ModelStatus> loaded_;
  absl::Status load_error_;
  std::weak_ptr<const int64_t> held_;
  std::vector<int64_t> asked_to_load_;
  std::vector<store::ModelLabel> told_;
  std::vector<std::string> pins_;
};

TEST_F(ModelServiceTest, APinHoldsAllThatAnswersForTheModelAndIsShown) {
  Publish("job-1");
  Publish("job-2");
  ASSERT_TRUE(SetLabel("stable", 1).ok());
  ASSERT_TRUE(SetLabel("canary", 2).ok());
  asked_to_load_.clear();
  ASSERT_TRUE(SetPin("pets", true).ok());
  EXPECT_THAT(asked_to_load_, ElementsAre(1, 2));
  EXPECT_TRUE(Get("pets", 0)->model().pinned());
  EXPECT_THAT(pins_, ElementsAre("default/pets pinned"));
  ASSERT_TRUE(SetPin("pets", false).ok());
  EXPECT_FALSE(Get("pets", 0)->model().pinned());
  ASSERT_TRUE(SetPin("pets", true).ok());
  ASSERT_TRUE(Delete("pets", 0).ok());
  EXPECT_THAT(pins_, ElementsAre("default/pets pinned", "default/pets unpinned",
                                 "default/pets pinned", "default/pets unpinned"));
}

TEST_F(ModelServiceTest, AModelThatCannotBeLoadedGetsNoPin) {
  const absl::Status missing = SetPin("pets", true);
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_EQ(ErrorReason(missing), reasons::kModelNotFound);
  EXPECT_TRUE(absl::IsInvalidArgument(SetPin("Not a name", true)));
  Publish("job-1");
  load_error_ = absl::ResourceExhaustedError("no memory is left for the model");
  EXPECT_EQ(SetPin("pets", true), load_error_);
  EXPECT_FALSE(Get("pets", 0)->model().pinned());
  EXPECT_THAT(pins_, IsEmpty());
}

TEST_F(ModelServiceTest, GivesTheLatestVersionOrTheOneAskedFor) {
  Publish("job-1");
  Publish("job-2");
  const auto latest = Get("pets", 0);
  ASSERT_TRUE(latest.ok()) << latest.status();
  EXPECT_EQ(latest->version().version(), 2);
  EXPECT_EQ(latest->version().job_id(), "job-2");
  EXPECT_EQ(latest->version().backbone(), "net");
  EXPECT_EQ(latest->version().head(), "linear");
  EXPECT_THAT(latest->version().outputs().classification().labels(), ElementsAre("cat", "dog"));
  EXPECT_EQ(latest->version().report().classification().accuracy(), 0.75);
  EXPECT_EQ(latest->version().card().fields().fields().at("licence").string_value(), "MIT");
  EXPECT_THAT(latest->model().versions(), ElementsAre(1, 2));
  const auto first = Get("pets", 1);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->version().job_id(), "job-1");

  const auto list = Call(gate_, {}, *service_, &ModelService::ListModels, v1::ListModelsRequest());
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->models_size(), 1);
  EXPECT_EQ(list->models(0).latest_version(), 2);
}

TEST_F(ModelServiceTest, SaysWhichEngineRunsWhatIsInMemory) {
  Publish("job-1");
  Publish("job-2");
  EXPECT_FALSE(Get("pets", 2)->has_serving());
  loaded_ = {.key = {"default", "pets", 2},
             .state = serving::ModelState::kReady,
             .own_bytes = 40,
             .engine = {"libtorch", "f32", {"openvino: it cannot"}}};
  const v1::Serving serving = Get("pets", 0)->serving();
  EXPECT_EQ(serving.engine(), "libtorch");
  EXPECT_EQ(serving.precision(), "f32");
  EXPECT_THAT(serving.declined(), ElementsAre("openvino: it cannot"));
  EXPECT_EQ(serving.bytes(), 40);
  EXPECT_TRUE(serving.drift().empty());
  EXPECT_FALSE(Get("pets", 1)->has_serving());
}

TEST_F(ModelServiceTest, SaysHowWhatIsInMemoryHasDrifted) {
  Publish("job-1");
  const auto watch = std::make_shared<serving::DriftWatch>(
      model::DriftRecord{.pictures = {{.of = "brightness",
                                       .edges = {0.5},
                                       .counts = {50, 50},
                                       .mean = 0.5,
                                       .deviation = 0.25}},
                         .answers = {{.counts = {50, 50, 0}}}},
      std::make_shared<FakeDecoder>(), 400);
  loaded_ = {
      .key = {"default", "pets", 1}, .state = serving::ModelState::kReady, .drift_watch = watch};
  for (int i = 0; i < 200; ++i) watch->Count({0, 0, 1}, std::nullopt);
  const v1::Serving serving = Get("pets", 0)->serving();
  ASSERT_EQ(serving.drift_size(), 2);
  EXPECT_EQ(serving.drift(0).of(), "answers");
  EXPECT_EQ(serving.drift(0).inputs(), 200);
  EXPECT_GT(serving.drift(0).index(), 1);
  EXPECT_EQ(serving.drift(0).what(), "c");
  EXPECT_EQ(serving.drift(0).usual(), 0);
  EXPECT_EQ(serving.drift(0).now(), 1);
  EXPECT_EQ(serving.drift(1).of(), "brightness");
  EXPECT_EQ(serving.drift(1).inputs(), 0);
  EXPECT_FALSE(serving.drift(1).has_index());
}

TEST_F(ModelServiceTest, UnknownModelsAndVersionsAreNamed) {
  Publish("job-1");
  for (const auto& [model, version, named] :
       std::vector<std::tuple<std::string, int64_t, std::string>>{{"dogs", 0, "dogs"},
                                                                  {"pets", 7, "7"}}) {
    for (const absl::Status& status : {Get(model, version).status(), Delete(model, version)}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
      EXPECT_THAT(std::string(status.message()), HasSubstr(named));
      EXPECT_EQ(ErrorReason(status), "MODEL_NOT_FOUND");
    }
  }
  EXPECT_EQ(Get("../x", 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Get("pets", -1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(forgotten_, IsEmpty());
}

TEST_F(ModelServiceTest, DeletingTakesRowsFilesAndWhatIsLoaded) {
  Publish("job-1");
  Publish("job-2");
  ASSERT_TRUE(Delete("pets", 1).ok());
  EXPECT_THAT(*blobs_->List("", "", 10), ElementsAre("jobs/job-2/1/model.safetensors"));
  EXPECT_EQ(Get("pets", 1).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Delete("pets", 0).ok());
  EXPECT_THAT(*blobs_->List("", "", 10), IsEmpty());
  EXPECT_THAT(forgotten_, ElementsAre(std::make_tuple("default", "pets", 1),
                                      std::make_tuple("default", "pets", 0)));
}

TEST_F(ModelServiceTest, ALabelIsSetOnceItsVersionIsInMemory) {
  Publish("job-1");
  Publish("job-2");
  ASSERT_TRUE(SetLabel("stable", 1).ok());
  const auto moved = SetLabel("stable", 2, 1);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->previous_version(), 1);
  EXPECT_THAT(told_, ElementsAre(store::ModelLabel{"default", "pets", "stable", 1},
                                 store::ModelLabel{"default", "pets", "stable", 2}));
  EXPECT_TRUE(held_.expired());
  // A version that cannot be loaded gets no label.
  load_error_ = absl::DataLossError("model.safetensors is damaged");
  EXPECT_EQ(SetLabel("stable", 1).status(), load_error_);
  // One that is taken away needs none.
  EXPECT_TRUE(SetLabel("canary", 0).ok());
  EXPECT_EQ(told_.size(), 3u);
  v1::GetModelRequest request;
  request.set_model("pets");
  request.set_label("stable");
  const auto got = Call(gate_, {}, *service_, &ModelService::GetModel, request);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->version().version(), 2);
  EXPECT_THAT(got->model().labels(), ElementsAre(::testing::Pair("stable", 2)));
  EXPECT_EQ(ErrorReason(Delete("pets", 2)), "VERSION_LABELLED");
}

TEST_F(ModelServiceTest, WhatIsWrongWithALabelIsNamed) {
  Publish("job-1");
  for (const char* const label : {"", "latest", "7", "Stable", "a/b", "..", "-x"}) {
    const absl::Status status = SetLabel(label, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << label;
    EXPECT_THAT(std::string(status.message()), HasSubstr("label")) << label;
  }
  EXPECT_EQ(SetLabel("stable", -1).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status moved = SetLabel("stable", 1, 5).status();
  EXPECT_EQ(moved.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(moved), "LABEL_MOVED");
  EXPECT_THAT(told_, IsEmpty());
  v1::GetModelRequest request;
  request.set_model("pets");
  request.set_label("stable");
  const absl::Status unknown =
      Call(gate_, {}, *service_, &ModelService::GetModel, request).status();
  EXPECT_EQ(ErrorReason(unknown), "MODEL_NOT_FOUND");
  request.set_version(1);
  EXPECT_EQ(Call(gate_, {}, *service_, &ModelService::GetModel, request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::server
