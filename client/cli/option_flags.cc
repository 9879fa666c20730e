#include "client/cli/option_flags.h"

#include <algorithm>
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

// Puts a value that was parsed into a field of a message.
using Write = std::function<void(Message*, const FieldDescriptor*)>;
// What is done with it.
using Take = std::function<void(Write)>;

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
                     const Take& take) {
  return command
      .add_option_function<std::string>(
          flag,
          [flag, take](const std::string& text) {
            std::vector<std::string> items;
            for (const absl::string_view item : absl::StrSplit(text, ',')) {
              items.emplace_back(absl::StripAsciiWhitespace(item));
              if (items.back().empty()) {
                throw CLI::ValidationError(flag,
                                           absl::StrCat("'", text, "' has an item without text"));
              }
            }
            take([items](Message* message, const FieldDescriptor* to) {
              message->GetReflection()->ClearField(message, to);
              for (const std::string& item : items) {
                message->GetReflection()->AddString(message, to, item);
              }
            });
          },
          help)
      ->type_name("TEXT,...");
}

CLI::Option* AddFlag(CLI::App& command, const std::string& flag, const std::string& help,
                     const FieldDescriptor& field, const Take& take) {
  if (field.is_repeated()) return AddList(command, flag, help, take);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Add<bool>(
          command, flag, help, "true|false",
          [](const std::string& text, bool* out) { return absl::SimpleAtob(text, out); },
          [take](bool value) {
            take([value](Message* message, const FieldDescriptor* to) {
              message->GetReflection()->SetBool(message, to, value);
            });
          });
    case FieldDescriptor::CPPTYPE_INT32:
      return Add<int32_t>(
          command, flag, help, "INT",
          [](const std::string& text, int32_t* out) { return absl::SimpleAtoi(text, out); },
          [take](int32_t value) {
            take([value](Message* message, const FieldDescriptor* to) {
              message->GetReflection()->SetInt32(message, to, value);
            });
          });
    case FieldDescriptor::CPPTYPE_UINT64:
      return Add<uint64_t>(
          command, flag, help, "UINT",
          [](const std::string& text, uint64_t* out) { return absl::SimpleAtoi(text, out); },
          [take](uint64_t value) {
            take([value](Message* message, const FieldDescriptor* to) {
              message->GetReflection()->SetUInt64(message, to, value);
            });
          });
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Add<double>(
          command, flag, help, "FLOAT",
          [](const std::string& text, double* out) { return absl::SimpleAtod(text, out); },
          [take](double value) {
            take([value](Message* message, const FieldDescriptor* to) {
              message->GetReflection()->SetDouble(message, to, value);
            });
          });
    case FieldDescriptor::CPPTYPE_ENUM:
      return AddEnum(command, flag, help, *field.enum_type(),
                     [take](int number) {
                       take([number](Message* message, const FieldDescriptor* to) {
                         message->GetReflection()->SetEnumValue(message, to, number);
                       });
                     })
          ->type_name("WORD");
    default:
      return nullptr;
  }
}

// The places that one flag sets: one, or one a task.
struct FlagPlaces {
  const OptionFlag* row = nullptr;  // the first
  std::vector<Place> places;
};

std::vector<FlagPlaces> AllFlags() {
  std::vector<FlagPlaces> flags;
  for (const OptionFlag& row : kOptionFlags) {
    const auto same = std::find_if(flags.begin(), flags.end(), [&](const FlagPlaces& each) {
      return absl::string_view(each.row->flag) == row.flag;
    });
    if (same == flags.end()) {
      flags.push_back({&row, {Find(row.path)}});
    } else {
      same->places.push_back(Find(row.path));
    }
  }
  return flags;
}

TaskFlag MakeTaskFlag(const FlagPlaces& flag, Write write) {
  TaskFlag given;
  given.flag = absl::StrCat("--", flag.row->flag);
  for (const Place& place : flag.places) given.tasks.push_back(place.task()->name());
  given.set = [places = flag.places, write = std::move(write)](v1::FineTuneSpec* spec,
                                                               const std::string& task) {
    for (const Place& place : places) {
      if (place.task()->name() == task) write(place.MakeMessage(spec), place.field);
    }
  };
  return given;
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

void AddOptionFlags(CLI::App& command, v1::FineTuneSpec* spec, std::vector<TaskFlag>* given) {
  for (const FlagPlaces& flag : AllFlags()) {
    const Place& first = flag.places.front();
    std::string help = flag.row->help;
    for (size_t i = 1; i < flag.places.size(); ++i) {
      absl::StrAppend(&help, "; also for ", Word(flag.places[i].task()->name()));
    }
    const Take take = [flag, spec, given](Write write) {
      if (flag.places.front().task() != nullptr) {
        given->push_back(MakeTaskFlag(flag, std::move(write)));
      } else {
        write(flag.places.front().MakeMessage(spec), flag.places.front().field);
      }
    };
    AddFlag(command, absl::StrCat("--", flag.row->flag), Wrapped(help, kHelpWidth), *first.field,
            take)
        ->group(flag.row->group);
  }
}

std::string TaskNames() {
  std::vector<std::string> names;
  for (int i = 0; i < Tasks().field_count(); ++i) names.push_back(Word(Tasks().field(i)->name()));
  return absl::StrJoin(names, ", ");
}

void SetTask(absl::string_view task, const std::vector<TaskFlag>& given, v1::FineTuneSpec* spec) {
  const FieldDescriptor* field = nullptr;
  for (int i = 0; i < Tasks().field_count(); ++i) {
    if (Word(Tasks().field(i)->name()) == Word(task)) field = Tasks().field(i);
  }
  if (field == nullptr) {
    throw CLI::ValidationError("--task", absl::StrCat("'", task, "' is none of ", TaskNames()));
  }
  spec->task().GetReflection()->MutableMessage(spec->mutable_task(), field);
  for (const TaskFlag& each : given) {
    if (std::count(each.tasks.begin(), each.tasks.end(), field->name()) == 0) {
      throw CLI::ValidationError(
          each.flag, absl::StrCat("is an option of ", absl::StrJoin(each.tasks, " and "),
                                  "; what is learnt is ", Word(field->name())));
    }
    each.set(spec, field->name());
  }
}

}  // namespace graft::cli
