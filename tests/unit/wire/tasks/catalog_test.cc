#include "wire/tasks/catalog.h"

#include <gmock/gmock.h>

namespace graft::wire {
namespace {

// One name for a task everywhere: each oneof of task.proto has the same fields, and each is known.
TEST(TaskCatalogTest, EveryOneofHasTheSameTasks) {
  const auto& oneof = *v1::Task::descriptor()->oneof_decl(0);
  const google::protobuf::Descriptor* const others[] = {
      v1::Report::descriptor(), v1::ModelOutputs::descriptor(), v1::TaskOutput::descriptor(),
      v1::PredictOptions::descriptor(), v1::DatasetSummary::descriptor()};
  for (int i = 0; i < oneof.field_count(); ++i) {
    const std::string& name = oneof.field(i)->name();
    const auto task = FindTask(name);
    ASSERT_TRUE(task.ok()) << task.status();
    EXPECT_EQ((*task)->name(), name);
    for (const google::protobuf::Descriptor* other : others) {
      const auto* field = other->FindFieldByName(name);
      ASSERT_NE(field, nullptr) << other->name() << "." << name;
      EXPECT_EQ(field->number(), oneof.field(i)->number()) << other->name();
      EXPECT_EQ(other->oneof_decl(0)->field_count(), oneof.field_count()) << other->name();
    }
  }
  EXPECT_FALSE(FindTask("").ok());
  EXPECT_FALSE(FindTask("alchemy").ok());
}

TEST(TaskCatalogTest, NamesAreThoseOfTheFieldsThatAreSet) {
  v1::Task task;
  EXPECT_EQ(TaskName(task), "");
  task.mutable_classification();
  EXPECT_EQ(TaskName(task), "classification");
  v1::DatasetSummary summary;
  EXPECT_EQ(TaskName(summary), "");
  summary.mutable_classification();
  EXPECT_EQ(TaskName(summary), "classification");
}

}  // namespace
}  // namespace graft::wire
