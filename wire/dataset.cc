#include "wire/dataset.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "wire/tasks/catalog.h"
#include "wire/time.h"

namespace graft::wire {

absl::StatusOr<store::Dataset> ToRow(const v1::Dataset& description) {
  GRAFT_ASSIGN_OR_RETURN(const TaskWire* task, FindTask(TaskName(description.summary())));
  store::Dataset row;
  row.id = description.id();
  row.project = description.project();
  row.name = description.display_name();
  row.digest = description.digest();
  row.image_count = description.images();
  row.bytes = description.bytes();
  row.headline = task->Headline(description.summary());
  v1::Dataset manifest;
  *manifest.mutable_summary() = description.summary();
  *manifest.mutable_splits() = description.splits();
  *manifest.mutable_skipped() = description.skipped();
  manifest.set_skipped_total(description.skipped_total());
  *manifest.mutable_warnings() = description.warnings();
  row.manifest = manifest.SerializeAsString();
  return row;
}

absl::StatusOr<v1::Dataset> ToProto(const store::Dataset& dataset) {
  v1::Dataset proto;
  if (!proto.ParseFromString(dataset.manifest)) {
    return absl::DataLossError(
        absl::StrCat("dataset ", dataset.id, ": its stored manifest cannot be read"));
  }
  proto.set_id(dataset.id);
  proto.set_project(dataset.project);
  proto.set_display_name(dataset.name);
  proto.set_digest(dataset.digest);
  *proto.mutable_create_time() = ToProto(dataset.create_time);
  proto.set_images(dataset.image_count);
  proto.set_bytes(dataset.bytes);
  proto.set_headline(dataset.headline);
  return proto;
}

}  // namespace graft::wire
