#include "wire/stored_spec.h"

#include <cstring>

#include "absl/status/status.h"
#include "google/protobuf/unknown_field_set.h"
#include "graft/v1/finetune.pb.h"

namespace graft {
namespace {

using ::google::protobuf::UnknownField;
using ::google::protobuf::UnknownFieldSet;

// Numbers of the fields that ClassificationTask had.
constexpr int kHead = 1;
constexpr int kHiddenUnits = 2;
constexpr int kDropout = 3;

double ToDouble(uint64_t bits) {
  double number;
  static_assert(sizeof(number) == sizeof(bits));
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

// Moves one field; false: it is none of the old ones.
bool Move(const UnknownField& field, v1::HeadOptions* head) {
  if (field.number() == kHead && field.type() == UnknownField::TYPE_VARINT) {
    if (head->kind() == v1::HEAD_KIND_UNSPECIFIED) {
      head->set_kind(static_cast<v1::HeadKind>(field.varint()));
    }
    return true;
  }
  if (field.number() == kHiddenUnits && field.type() == UnknownField::TYPE_VARINT) {
    if (!head->has_hidden_units()) head->set_hidden_units(static_cast<int32_t>(field.varint()));
    return true;
  }
  if (field.number() == kDropout && field.type() == UnknownField::TYPE_FIXED64) {
    if (!head->has_dropout()) head->set_dropout(ToDouble(field.fixed64()));
    return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string> UpgradeStoredSpec(absl::string_view bytes) {
  v1::JobSpec spec;
  if (!spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("a stored job's specification cannot be read");
  }
  if (!spec.has_fine_tune() || !spec.fine_tune().has_classification()) return std::string(bytes);
  v1::FineTuneSpec& fine_tune = *spec.mutable_fine_tune();
  v1::ClassificationTask& task = *fine_tune.mutable_classification();
  UnknownFieldSet kept;
  bool moved = false;
  const UnknownFieldSet& unknown = task.GetReflection()->GetUnknownFields(task);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (Move(unknown.field(i), fine_tune.mutable_head())) {
      moved = true;
    } else {
      kept.AddField(unknown.field(i));
    }
  }
  if (!moved) return std::string(bytes);
  task.GetReflection()->MutableUnknownFields(&task)->Swap(&kept);
  return spec.SerializeAsString();
}

}  // namespace graft
