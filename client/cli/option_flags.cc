#include "client/cli/option_flags.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "graft/cli_options.h"

namespace graft::cli {
namespace {

using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::OneofDescriptor;

constexpr size_t kHelpWidth = 70;

// "top-layers" for "TOP_LAYERS" and "top_layers".
std::string Word(absl::string_view name) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

const OneofDescriptor& Tasks() { return *v1::Task::descriptor()->FindOneofByName("task"); }

// A field somewhere below the spec.
struct Place {
  std::vector<const FieldDescriptor*> way;  // the messages on the way
  const FieldDescriptor* field = nullptr;

  // Of the task whose option this is; nullptr: of none.
  const FieldDescriptor* task() const {
    for (const FieldDescriptor* const step : way) {
      if (step->containing_oneof() == &Tasks()) return step;
    }
    return nullptr;
  }

  Message* MakeMessage(Message* spec) const {
    for (const FieldDescriptor* step : way) {
      spec = spec->GetReflection()->MutableMessage(spec, step);
    }
    return spec;
  }
};

Place Find(absl::string_view path) {
  Place place;
  const google::protobuf::Descriptor* type = v1::FineTuneSpec::descriptor();
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (place.field != nullptr) {
      place.way.push_back(place.field);
      type = place.field->message_type();
    }
    place.field = type->FindFieldByName(std::string(part));
  }
  return place;
}

// Adds a flag whose text `parse` must take whole: CLI11's own conversions take "" for 0 and -1 for
// the largest unsigned number.
template <typename T>
CLI::Option* Add(CLI::App& command, const std::string& flag, const std::string& help,
                 const char* type, bool (*parse)(const std::string&, T*),
                 std::function<void(T)> set) {
  return command
      .add_option_function<std::string>(
          flag,
          [flag, type, parse, set = std::move(set)](const std::string& text) {
            T value{};
            if (!parse(text, &value)) {
              throw CLI::ValidationError(flag, absl::StrCat("'", text, "' is no ", type));
            }
            set(value);
          },
          help)
      ->type_name(type);
}

// The first value of an enum, "unspecified", is not offered.
CLI::Option* AddEnum(CLI::App& command, const std::string& flag, const std::string& help,
                     const EnumDescriptor& type, std::function<void(int)> set) {
  std::vector<std::pair<std::string, int>> choices;
  const std::string& first = type.value(0)->name();
  const absl::string_view prefix = absl::StripSuffix(first, "UNSPECIFIED");
  for (int i = 1; i < type.value_count(); ++i) {
    choices.emplace_back(Word(absl::StripPrefix(type.value(i)->name(), prefix)),
                         type.value(i)->number());
  }
  return command.add_option_function<std::string>(
      flag,
      [flag, choices, set = std::move(set)](const std::string& text) {
        for (const auto& [word, number] : choices) {
          if (word == Word(text)) return set(number);
        }
        throw CLI::ValidationError(
            flag, absl::StrCat("'", text, "' is none of ",
                               absl::StrJoin(choices, ", ", [](std::string* out, const auto& each) {
                                 out->append(each.first);
                               })));
      },
      help);
}

// Items apart by commas: "dense 64, relu".
CLI::Option* AddList(CLI::App& command, const std::string& flag, const std::string& help,
                     const FieldDescriptor& field, const std::function<Message*()>& make) {
  return command
      .add_option_function<std::string>(
          flag,
          [flag, make, &field](const std::string& text) {
            Message* const message = make();
            const auto& reflection = *message->GetReflection();
            reflection.ClearField(message, &field);
            for (absl::string_view item : absl::StrSplit(text, ',')) {
              item = absl::StripAsciiWhitespace(item);
              if (item.empty()) {
                throw CLI::ValidationError(flag,
                                           absl::StrCat("'", text, "' has an item without text"));
              }
              reflection.AddString(message, &field, std::string(item));
            }
          },
          help)
      ->type_name("TEXT,...");
}

CLI::Option* AddFlag(CLI::App& command, const std::string& flag, const std::string& help,
                     const FieldDescriptor& field, const std::function<Message*()>& make) {
  if (field.is_repeated()) return AddList(command, flag, help, field, make);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Add<bool>(
          command, flag, help, "true|false",
          [](const std::string& text, bool* out) { return absl::SimpleAtob(text, out); },
          [make, &field](bool value) {
            Message* const message = make();
            message->GetReflection()->SetBool(message, &field, value);
          });
    case FieldDescriptor::CPPTYPE_INT32:
      return Add<int32_t>(
          command, flag, help, "INT",
          [](const std::string& text, int32_t* out) { return absl::SimpleAtoi(text, out); },
          [make, &field](int32_t value) {
            Message* const message = make();
            message->GetReflection()->SetInt32(message, &field, value);
          });
    case FieldDescriptor::CPPTYPE_UINT64:
      return Add<uint64_t>(
          command, flag, help, "UINT",
          [](const std::string& text, uint64_t* out) { return absl::SimpleAtoi(text, out); },
          [make, &field](uint64_t value) {
            Message* const message = make();
            message->GetReflection()->SetUInt64(message, &field, value);
          });
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Add<double>(
          command, flag, help, "FLOAT",
          [](const std::string& text, double* out) { return absl::SimpleAtod(text, out); },
          [make, &field](double value) {
            Message* const message = make();
            message->GetReflection()->SetDouble(message, &field, value);
          });
    case FieldDescriptor::CPPTYPE_ENUM:
      return AddEnum(command, flag, help, *field.enum_type(),
                     [make, &field](int number) {
                       Message* const message = make();
                       message->GetReflection()->SetEnumValue(message, &field, number);
                     })
          ->type_name("WORD");
    default:
      return nullptr;
  }
}

}  // namespace

std::string Wrapped(absl::string_view text, size_t width) {
  std::string out;
  size_t column = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column > 0 && column + 1 + word.size() > width) {
      out += '\n';
      column = 0;
    }
    if (column > 0) {
      out += ' ';
      ++column;
    }
    out.append(word.data(), word.size());
    column += word.size();
  }
  return out;
}

void AddOptionFlags(CLI::App& command, v1::FineTuneSpec* spec, std::set<std::string>* tasks) {
  for (const OptionFlag& row : kOptionFlags) {
    const Place place = Find(row.path);
    CLI::Option* const added =
        AddFlag(command, absl::StrCat("--", row.flag), Wrapped(row.help, kHelpWidth), *place.field,
                [place, spec, tasks]() -> Message* {
                  if (place.task() != nullptr) tasks->insert(place.task()->name());
                  return place.MakeMessage(spec);
                });
    added->group(row.group);
  }
}

std::string TaskNames() {
  std::vector<std::string> names;
  for (int i = 0; i < Tasks().field_count(); ++i) names.push_back(Word(Tasks().field(i)->name()));
  return absl::StrJoin(names, ", ");
}

void SetTask(const std::string& asked, const std::set<std::string>& tasks, v1::FineTuneSpec* spec) {
  const FieldDescriptor* task = asked.empty() && tasks.empty() ? Tasks().field(0) : nullptr;
  for (int i = 0; i < Tasks().field_count(); ++i) {
    const std::string& name = Tasks().field(i)->name();
    if (asked.empty() ? tasks.count(name) > 0 : Word(name) == Word(asked)) task = Tasks().field(i);
  }
  if (task == nullptr) {
    throw CLI::ValidationError("--task", absl::StrCat("'", asked, "' is none of ", TaskNames()));
  }
  for (const std::string& given : tasks) {
    if (given == task->name()) continue;
    throw CLI::ValidationError(
        "--task", absl::StrCat("options of ", Word(given), " do not go with ", Word(task->name())));
  }
  spec->task().GetReflection()->MutableMessage(spec->mutable_task(), task);
}

}  // namespace graft::cli
