#ifndef GRAFT_TESTS_UNIT_CORE_SERVING_MODEL_MANAGER_FIXTURE_H_
#define GRAFT_TESTS_UNIT_CORE_SERVING_MODEL_MANAGER_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/serving/model_manager.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"

namespace graft::serving {

// A manager over fake models of project "p".
class ModelManagerTest : public ::testing::Test {
 protected:
  void Start(uint64_t budget = 1 << 20, int loader_threads = 1) {
    auto created =
        ModelManager::Create({.memory_budget_bytes = budget, .loader_threads = loader_threads},
                             &models_, &models_, &clock_, &observer_);
    ASSERT_TRUE(created.ok()) << created.status();
    manager_ = *std::move(created);
  }
  Answer<AcquiredModel> Acquire(int64_t version, const std::string& model = "m") {
    Answer<AcquiredModel> answer;
    manager_->Acquire("p", model, version, answer.Callback());
    return answer;
  }
  // The version that answers, or 0 with the error in last_error_.
  int64_t VersionFor(int64_t version, const std::string& model = "m") {
    Answer<AcquiredModel> answer = Acquire(version, model);
    last_error_ = answer.Wait().status();
    return answer.Wait().ok() ? answer.Wait()->key.version : 0;
  }

  Answer<AcquiredModel> AcquireLabelled(const std::string& label) {
    Answer<AcquiredModel> answer;
    manager_->AcquireLabelled("p", "m", label, answer.Callback());
    return answer;
  }
  int64_t VersionFor(const std::string& label) {
    Answer<AcquiredModel> answer = AcquireLabelled(label);
    last_error_ = answer.Wait().status();
    return answer.Wait().ok() ? answer.Wait()->key.version : 0;
  }

  FakeClock clock_;
  FakeWorld world_;
  FakeModels models_{&world_};
  RecordingServingObserver observer_;
  absl::Status last_error_;
  std::unique_ptr<ModelManager> manager_;
};

}  // namespace graft::serving

#endif  // GRAFT_TESTS_UNIT_CORE_SERVING_MODEL_MANAGER_FIXTURE_H_
