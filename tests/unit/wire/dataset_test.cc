#include "wire/dataset.h"

#include <gtest/gtest.h>

#include "google/protobuf/util/message_differencer.h"

namespace graft::wire {
namespace {

TEST(WireDataset, EverythingSurvivesStorage) {
  v1::Dataset description;
  description.set_id("dataset-1");
  description.set_project("default");
  description.set_display_name("pets");
  description.set_digest("abc");
  description.set_images(12);
  description.set_bytes(3456);
  description.set_headline("1 class");
  auto* entry = description.mutable_summary()->mutable_classification()->add_classes();
  entry->set_name("cat");
  entry->set_images(12);
  entry->set_test_images(2);
  description.add_splits("test");
  auto* skipped = description.add_skipped();
  skipped->set_name("cat/.DS_Store");
  skipped->set_reason("hidden");
  description.set_skipped_total(1);
  description.add_warnings("few images");

  auto row = ToRow(description);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->headline, "1 class");
  row->create_time = absl::FromUnixSeconds(9);
  auto back = ToProto(*row);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->create_time().seconds(), 9);
  back->clear_create_time();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*back, description));
}

TEST(WireDataset, ARowOfAListSaysWhatItHas) {
  store::Dataset row;
  row.id = "dataset-1";
  row.headline = "8 classes";
  const auto proto = ToProto(row);
  ASSERT_TRUE(proto.ok()) << proto.status();
  EXPECT_EQ(proto->headline(), "8 classes");
  EXPECT_FALSE(proto->has_summary());
}

TEST(WireDataset, OneOfNoTaskIsRefused) {
  EXPECT_EQ(ToRow(v1::Dataset()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(WireDataset, ADamagedManifestIsDataLoss) {
  store::Dataset row;
  row.manifest = "\xff\xff";
  EXPECT_EQ(ToProto(row).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace graft::wire
