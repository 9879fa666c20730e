#ifndef GRAFT_WIRE_TIME_H_
#define GRAFT_WIRE_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace graft::wire {

// absl <-> google.protobuf, to the nanosecond. Times and durations that Protobuf cannot hold are
// clamped. Pure functions.
google::protobuf::Duration ToProto(absl::Duration duration);
google::protobuf::Timestamp ToProto(absl::Time time);
absl::Duration FromProto(const google::protobuf::Duration& duration);
absl::Time FromProto(const google::protobuf::Timestamp& timestamp);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TIME_H_
