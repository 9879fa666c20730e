#ifndef GRAFT_WIRE_OPTION_FIELD_H_
#define GRAFT_WIRE_OPTION_FIELD_H_

#include <optional>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

#include "core/recipes/option.h"

namespace graft::wire {

// The field of a message that an option's path leads to, by reflection: a row and a field of the
// same name are all that an option needs. A path that leads to no field, or to one of another type
// than the row's, is a broken build; tests/unit/wire/option_field_test.cc walks them all.

// Absent where the field, or a message on the way, is; enums count as absent at 0. INVALID_ARGUMENT
// for an enum's value that this build does not know, or a list longer than its row allows, of which
// nothing is copied.
absl::StatusOr<std::optional<recipes::OptionValue>> ReadOption(
    const google::protobuf::Message& spec, const recipes::Option& option);

// Makes the messages on the way.
void WriteOption(const recipes::Option& option, const recipes::OptionValue& value,
                 google::protobuf::Message* spec);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_OPTION_FIELD_H_
