#include "wire/dataset.h"

#include <gtest/gtest.h>

#include "google/protobuf/util/message_differencer.h"

namespace graft {
namespace {

TEST(WireDataset, EverythingSurvivesStorage) {
  v1::Dataset description;
  description.set_id("dataset-1");
  description.set_project("default");
  description.set_display_name("pets");
  description.set_digest("abc");
  description.set_images(12);
  description.set_bytes(3456);
  auto* entry = description.add_classes();
  entry->set_name("cat");
  entry->set_images(12);
  entry->set_test_images(2);
  description.add_splits("test");
  auto* skipped = description.add_skipped();
  skipped->set_name("cat/.DS_Store");
  skipped->set_reason("hidden");
  description.set_skipped_total(1);
  description.add_warnings("few images");

  Dataset row = ToRow(description);
  EXPECT_EQ(row.classes, (std::vector<DatasetClass>{{"cat", 12}}));
  row.create_time = absl::FromUnixSeconds(9);
  auto back = ToProto(row);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->create_time().seconds(), 9);
  back->clear_create_time();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*back, description));
}

TEST(WireDataset, ADamagedManifestIsDataLoss) {
  Dataset row;
  row.manifest = "\xff\xff";
  EXPECT_EQ(ToProto(row).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace graft
