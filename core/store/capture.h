#ifndef GRAFT_CORE_STORE_CAPTURE_H_
#define GRAFT_CORE_STORE_CAPTURE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace graft::store {

// Which pictures of a project are kept for labelling. Plain data.
struct CapturePolicy {
  std::string project;
  std::string model;          // "": all models of the project that have no policy of their own
  double max_confidence = 0;  // those whose first answer is less probable
  bool unknown = false;       // those that are unlike the training
  double share = 1;           // of these
  int64_t max_pictures = 1'000;
  int retention_days = 0;
  absl::Time update_time = absl::InfinitePast();  // given by the store

  absl::Duration retention() const { return absl::Hours(24) * retention_days; }
};

// A picture that was kept. Plain data.
struct CapturedPicture {
  std::string project;
  std::string digest;        // SHA-256 of its bytes, hexadecimal: once in a project
  std::string policy_model;  // CapturePolicy.model of the policy that it was kept by
  // What was said of it.
  std::string model;
  int64_t version = 0;
  std::string answer;
  std::optional<double> probability;
  std::optional<double> unknown_score;
  int64_t bytes = 0;
  absl::Time create_time = absl::InfinitePast();  // given by the store
  absl::Time expire_time = absl::InfinitePast();  // given by the store
};

// How much is kept.
struct CaptureTotals {
  int64_t pictures = 0;
  int64_t bytes = 0;

  friend bool operator==(const CaptureTotals&, const CaptureTotals&) = default;
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_CAPTURE_H_
