#include "wire/option_field.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "graft/v1/finetune.pb.h"
#include "gtest/gtest.h"

#include "core/tasks/option_groups.h"
#include "wire/fine_tune_spec.h"
#include "wire/status.h"

namespace graft::wire {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::testing::Contains;

const FieldDescriptor* FieldOf(absl::string_view path) {
  const Descriptor* type = v1::FineTuneSpec::descriptor();
  const FieldDescriptor* field = nullptr;
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (type == nullptr) return nullptr;
    field = type->FindFieldByName(std::string(part));
    if (field == nullptr) return nullptr;
    type = field->message_type();
  }
  return field;
}

template <typename Visit>
void ForEveryOption(const Visit& visit) {
  for (const recipes::TaskOptionGroup* const task : tasks::TaskOptionGroups()) {
    recipes::ForEachOption(task, [&](const recipes::Option& option) {
      SCOPED_TRACE(option.path);
      visit(*task, option);
    });
  }
}

FieldDescriptor::CppType FieldTypeOf(recipes::OptionType type) {
  switch (type) {
    case recipes::OptionType::kBool:
      return FieldDescriptor::CPPTYPE_BOOL;
    case recipes::OptionType::kInteger:
      return FieldDescriptor::CPPTYPE_INT32;
    case recipes::OptionType::kUnsigned:
      return FieldDescriptor::CPPTYPE_UINT64;
    case recipes::OptionType::kReal:
      return FieldDescriptor::CPPTYPE_DOUBLE;
    case recipes::OptionType::kWord:
      return FieldDescriptor::CPPTYPE_ENUM;
    case recipes::OptionType::kList:
      return FieldDescriptor::CPPTYPE_STRING;
  }
  return FieldDescriptor::CPPTYPE_MESSAGE;
}

TEST(OptionField, EveryRowHasAFieldOfItsTypeThatCanBeAbsent) {
  ForEveryOption([](const recipes::TaskOptionGroup&, const recipes::Option& option) {
    const FieldDescriptor* const field = FieldOf(option.path);
    ASSERT_NE(field, nullptr);
    EXPECT_EQ(field->is_repeated(), option.type == recipes::OptionType::kList);
    EXPECT_EQ(field->cpp_type(), FieldTypeOf(option.type));
    EXPECT_TRUE(option.type == recipes::OptionType::kWord ||
                option.type == recipes::OptionType::kList || field->has_presence());
  });
}

// A field without a row would be taken and never read.
TEST(OptionField, EveryFieldOfTheOptionsMessagesHasARow) {
  std::set<std::string> rows;
  std::set<std::string> groups;
  ForEveryOption([&](const recipes::TaskOptionGroup& task, const recipes::Option& option) {
    rows.insert(option.path);
    groups.insert(task.group.path);
  });
  for (const recipes::OptionGroup& group : recipes::CommonOptions()) {
    if (!group.path.empty()) groups.insert(group.path);
  }
  for (const std::string& group : groups) {
    const Descriptor* const type = FieldOf(group)->message_type();
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_THAT(rows, Contains(absl::StrCat(group, ".", type->field(i)->name())));
    }
  }
}

TEST(OptionField, EveryTaskOfTheSpecHasItsOptions) {
  const auto* const tasks = v1::Task::descriptor()->FindOneofByName("task");
  EXPECT_EQ(static_cast<size_t>(tasks->field_count()), tasks::TaskOptionGroups().size());
  for (int i = 0; i < tasks->field_count(); ++i) {
    const std::string& name = tasks->field(i)->name();
    const recipes::TaskOptionGroup* const task = tasks::FindTaskOptionGroup(name);
    ASSERT_NE(task, nullptr) << name;
    EXPECT_EQ(FieldOf(task->group.path), tasks->field(i));
  }
}

TEST(OptionField, EnumsHaveTheSameValuesOnBothSides) {
  ForEveryOption([](const recipes::TaskOptionGroup&, const recipes::Option& option) {
    if (option.type != recipes::OptionType::kWord) return;
    const auto* const type = FieldOf(option.path)->enum_type();
    EXPECT_EQ(static_cast<size_t>(type->value_count()), option.words.size() + 1);
    for (int i = 1; i < type->value_count(); ++i) {
      v1::FineTuneSpec spec;
      WriteOption(option, option.words[i - 1].word, &spec);
      const auto read = ReadOption(spec, option);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, recipes::OptionValue(option.words[i - 1].word));
    }
  });
}

TEST(OptionField, ValuesGoThroughTheWireAndBack) {
  ForEveryOption([](const recipes::TaskOptionGroup&, const recipes::Option& option) {
    v1::FineTuneSpec spec;
    EXPECT_EQ(*ReadOption(spec, option), std::nullopt);
    std::vector<recipes::OptionValue> values;
    if (option.edges) values = {option.edges->lowest, option.edges->highest};
    if (option.type == recipes::OptionType::kBool) values = {false, true};
    if (option.type == recipes::OptionType::kUnsigned) values = {uint64_t{0}, ~uint64_t{0}};
    if (option.type == recipes::OptionType::kWord) values = {option.words.back().word};
    if (option.type == recipes::OptionType::kList) {
      values = {recipes::TextList{"a"}, recipes::TextList(option.limits->items, "b")};
    }
    for (const recipes::OptionValue& value : values) {
      WriteOption(option, value, &spec);
      v1::FineTuneSpec sent;
      ASSERT_TRUE(sent.ParseFromString(spec.SerializeAsString()));
      EXPECT_EQ(*ReadOption(sent, option), value);
    }
  });
}

TEST(OptionField, WhatIsOutOfRangeIsRefusedByItsPathInTheRequest) {
  ForEveryOption([](const recipes::TaskOptionGroup& task, const recipes::Option& option) {
    if (!option.edges) return;
    for (const recipes::OptionValue& value : {option.edges->below, option.edges->above}) {
      v1::FineTuneSpec spec;
      spec.set_dataset_id("dataset-1");
      spec.set_model("stamps");
      v1::Task* const empty = spec.mutable_task();
      empty->GetReflection()->MutableMessage(empty, FieldOf(task.group.path));
      WriteOption(option, value, &spec);
      std::vector<std::string> fields;
      for (const FieldError& error : InvalidFieldsOf(FineTuneConfigFromProto(spec).status())) {
        fields.push_back(error.field);
      }
      EXPECT_THAT(fields, Contains("spec." + option.path));
    }
  });
}

// A request of a million items is refused before any of them is copied.
TEST(OptionField, AListThatIsTooLongIsRefusedByItsPathAndItsLength) {
  ForEveryOption([](const recipes::TaskOptionGroup&, const recipes::Option& option) {
    if (option.type != recipes::OptionType::kList) return;
    v1::FineTuneSpec spec;
    WriteOption(option, recipes::TextList(option.limits->items + 1, "a"), &spec);
    const auto read = ReadOption(spec, option);
    ASSERT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(read.status().message(),
                ::testing::HasSubstr(absl::StrCat("got ", option.limits->items + 1)));
  });
}

}  // namespace
}  // namespace graft::wire
