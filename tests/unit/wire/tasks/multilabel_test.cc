#include "wire/tasks/multilabel.h"

#include <gmock/gmock.h>

#include "core/tasks/multilabel/decoder.h"
#include "wire/tasks/catalog.h"

namespace graft::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Of three images two have "sea", one of them "sky" too; one has nothing.
data::DatasetManifest Manifest() {
  data::DatasetManifest manifest;
  manifest.targets = data::TargetKind::kLabels;
  manifest.classes = {"sea", "sky"};
  manifest.entries.resize(3);
  manifest.entries[0].labels = {0, 1};
  manifest.entries[1].labels = {0};
  manifest.entries[1].split = data::Split::kTest;
  return manifest;
}

TEST(MultilabelWireTest, ASummaryCountsAnImageForEachOfItsLabels) {
  const auto summary = Summarise(Manifest());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(TaskName(*summary), "multilabel");
  const auto& labels = summary->multilabel().labels();
  EXPECT_EQ(labels[0].images(), 2);
  EXPECT_EQ(labels[0].test_images(), 1);
  EXPECT_EQ(labels[1].images(), 1);
  EXPECT_EQ(summary->multilabel().images().images(), 3);
  const TaskWire& wire = MultilabelWire();
  EXPECT_EQ(wire.Headline(*summary), "2 labels");
  EXPECT_EQ(wire.OutputsOf(*summary), 2);
  EXPECT_EQ(wire.HeldOutOf(*summary).test_images, 1);
  EXPECT_TRUE(wire.CheckTrainable(*summary).ok());
}

TEST(MultilabelWireTest, ALabelOfEveryImageIsNothingToLearnAndTooManyTargetsAreRefused) {
  data::DatasetManifest manifest = Manifest();
  manifest.classes = {"sea"};
  for (data::DatasetEntry& entry : manifest.entries) entry.labels = {0};
  v1::DatasetSummary summary = *Summarise(manifest);
  EXPECT_THAT(std::string(MultilabelWire().CheckTrainable(summary).message()),
              HasSubstr("no label that some images have"));
  summary = *Summarise(Manifest());
  summary.mutable_multilabel()->mutable_images()->set_images(int64_t{1} << 30);
  EXPECT_THAT(std::string(MultilabelWire().CheckTrainable(summary).message()),
              HasSubstr("images x labels"));
}

TEST(MultilabelWireTest, OutputsAndAnswersGoOverTheWire) {
  const auto outputs =
      MultilabelWire().Outputs(R"({"labels":["sea","sky"],"thresholds":[0.5,0.25]})");
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_THAT(outputs->multilabel().labels(), ElementsAre("sea", "sky"));
  EXPECT_THAT(outputs->multilabel().thresholds(), ElementsAre(0.5, 0.25));
  EXPECT_FALSE(MultilabelWire().Outputs(R"({"labels":["sea"]})").ok());

  const auto answer =
      OutputToProto(tasks::MultilabelOutput({{"sky", 0.3f, 1, true}, {"sea", 0.2f, 0, false}}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->multilabel().labels_size(), 2);
  EXPECT_EQ(answer->multilabel().labels(0).label(), "sky");
  EXPECT_EQ(answer->multilabel().labels(0).index(), 1);
  EXPECT_TRUE(answer->multilabel().labels(0).given());
  EXPECT_FALSE(answer->multilabel().labels(1).given());
}

TEST(MultilabelWireTest, TheFirstAnswerIsTheMostProbableLabelThatIsGiven) {
  EXPECT_EQ(*FirstAnswerOf(tasks::MultilabelOutput(
                {{"sky", 0.75f, 1, false}, {"sea", 0.5f, 0, true}, {"sun", 0.25f, 2, true}})),
            (FirstAnswer{"sea", 0.5}));
  EXPECT_EQ(*FirstAnswerOf(tasks::MultilabelOutput({})), (FirstAnswer{"", 0}));
}

TEST(MultilabelWireTest, AllLabelsAreShownWhereAskedFor) {
  v1::PredictOptions options;
  options.mutable_multilabel()->set_all_labels(true);
  const auto read = ReadPredictOptions(options);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(static_cast<const tasks::MultilabelDecodeOptions&>(**read).values().all_labels);
}

}  // namespace
}  // namespace graft::wire
