#include "server/capture/capture_policies.h"

#include <utility>

namespace graft::server {

CapturePolicies::CapturePolicies(std::vector<store::CapturePolicy> policies) {
  for (store::CapturePolicy& policy : policies) Set(std::move(policy));
}

std::shared_ptr<const store::CapturePolicy> CapturePolicies::Find(const std::string& project,
                                                                  const std::string& model) const {
  if (!any_.load(std::memory_order_relaxed)) return nullptr;
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = projects_.find(project);
  if (found == projects_.end()) return nullptr;
  const OfProject& policies = found->second;
  auto policy = policies.find(model);
  if (policy == policies.end()) policy = policies.find("");
  return policy == policies.end() ? nullptr : policy->second;
}

std::vector<store::CapturePolicy> CapturePolicies::Of(const std::string& project) const {
  std::vector<store::CapturePolicy> all;
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = projects_.find(project);
  if (found == projects_.end()) return all;
  for (const auto& [model, policy] : found->second) all.push_back(*policy);
  return all;
}

void CapturePolicies::Set(store::CapturePolicy policy) {
  auto shared = std::make_shared<const store::CapturePolicy>(std::move(policy));
  absl::MutexLock lock(&mutex_);
  projects_[shared->project][shared->model] = shared;
  any_ = true;
}

void CapturePolicies::Remove(const std::string& project, const std::string& model) {
  absl::MutexLock lock(&mutex_);
  const auto found = projects_.find(project);
  if (found == projects_.end()) return;
  found->second.erase(model);
  if (found->second.empty()) projects_.erase(found);
  any_ = !projects_.empty();
}

}  // namespace graft::server
