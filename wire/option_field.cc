#include "wire/option_field.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

namespace graft::wire {
namespace {

using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;

// "LEARNING_RATE_SCHEDULE_" of values that begin with LEARNING_RATE_SCHEDULE_UNSPECIFIED = 0.
absl::string_view PrefixOf(const EnumDescriptor& type) {
  return absl::StripSuffix(type.FindValueByNumber(0)->name(), "UNSPECIFIED");
}

absl::StatusOr<recipes::OptionValue> ReadEnum(int number, const EnumDescriptor& type,
                                              const recipes::Option& option) {
  const EnumValueDescriptor* const value = type.FindValueByNumber(number);
  if (value != nullptr) {
    const std::string name =
        absl::AsciiStrToLower(absl::StripPrefix(value->name(), PrefixOf(type)));
    for (const recipes::WordHelp& known : option.words) {
      if (known.word == name) return known.word;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "has the value ", number, ", which this server does not know; it takes ", option.allowed));
}

absl::StatusOr<recipes::OptionValue> ReadList(const Message& message, const FieldDescriptor& field,
                                              const recipes::Option& option) {
  const auto& reflection = *message.GetReflection();
  const int items = reflection.FieldSize(message, &field);
  if (static_cast<size_t>(items) > option.limits->items) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be ", option.allowed, ", got ", items, " ", option.limits->what));
  }
  recipes::TextList list;
  for (int i = 0; i < items; ++i) {
    list.push_back(reflection.GetRepeatedString(message, &field, i));
  }
  return list;
}

bool IsThere(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

absl::StatusOr<recipes::OptionValue> ReadField(const Message& message, const FieldDescriptor& field,
                                               const recipes::Option& option) {
  const auto& reflection = *message.GetReflection();
  switch (option.type) {
    case recipes::OptionType::kBool:
      return reflection.GetBool(message, &field);
    case recipes::OptionType::kInteger:
      return int64_t{reflection.GetInt32(message, &field)};
    case recipes::OptionType::kUnsigned:
      return reflection.GetUInt64(message, &field);
    case recipes::OptionType::kReal:
      return reflection.GetDouble(message, &field);
    case recipes::OptionType::kWord:
      return ReadEnum(reflection.GetEnumValue(message, &field), *field.enum_type(), option);
    case recipes::OptionType::kList:
      return ReadList(message, field, option);
  }
  return absl::InternalError("an option without a type");
}

void WriteField(const recipes::OptionValue& value, const FieldDescriptor& field, Message* message) {
  const auto& reflection = *message->GetReflection();
  struct Writer {
    const google::protobuf::Reflection& reflection;
    const FieldDescriptor& field;
    Message* message;
    void operator()(bool flag) const { reflection.SetBool(message, &field, flag); }
    void operator()(int64_t number) const {
      reflection.SetInt32(message, &field, static_cast<int32_t>(number));
    }
    void operator()(uint64_t number) const { reflection.SetUInt64(message, &field, number); }
    void operator()(double number) const { reflection.SetDouble(message, &field, number); }
    void operator()(absl::string_view word) const {
      const EnumDescriptor& type = *field.enum_type();
      const std::string name = absl::StrCat(PrefixOf(type), absl::AsciiStrToUpper(word));
      reflection.SetEnum(message, &field, type.FindValueByName(name));
    }
    void operator()(const recipes::TextList& list) const {
      reflection.ClearField(message, &field);
      for (const std::string& item : list) reflection.AddString(message, &field, item);
    }
  };
  std::visit(Writer{reflection, field, message}, value);
}

}  // namespace

absl::StatusOr<std::optional<recipes::OptionValue>> ReadOption(const Message& spec,
                                                               const recipes::Option& option) {
  const Message* message = &spec;
  const FieldDescriptor* field = nullptr;
  for (const absl::string_view part : absl::StrSplit(option.path, '.')) {
    if (field != nullptr) message = &message->GetReflection()->GetMessage(*message, field);
    field = message->GetDescriptor()->FindFieldByName(std::string(part));
    if (!IsThere(*message, *field)) return std::nullopt;
  }
  absl::StatusOr<recipes::OptionValue> value = ReadField(*message, *field, option);
  if (!value.ok()) return value.status();
  return *value;
}

void WriteOption(const recipes::Option& option, const recipes::OptionValue& value, Message* spec) {
  const FieldDescriptor* field = nullptr;
  for (const absl::string_view part : absl::StrSplit(option.path, '.')) {
    if (field != nullptr) spec = spec->GetReflection()->MutableMessage(spec, field);
    field = spec->GetDescriptor()->FindFieldByName(std::string(part));
  }
  WriteField(value, *field, spec);
}

}  // namespace graft::wire
