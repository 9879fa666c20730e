#include "core/serving/trunk_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/serving/trunk_fixture.h"

namespace graft::serving {
namespace {

class TrunkTableTest : public TrunkTest {
 protected:
  Place JoinAs(const std::string& key, const TrunkExit& exit, const Ranges& ranges = {}) {
    return Joins(exit, ranges, [&](const Trunk::Joining& joining) {
      return table_
          .Join(key, joining,
                [&](const TrunkPiece& piece, const Ranges& all) { return Make(piece, all); })
          .value();
    });
  }
  TrunkTable::Outlook Foresee(const TrunkExit& exit, const Ranges& ranges = {}) {
    return Joins(exit, ranges,
                 [&](const Trunk::Joining& joining) { return table_.Foresee("a", joining); });
  }

  TrunkTable table_;
};

TEST_F(TrunkTableTest, ModelsOfOneKeyShareATrunk) {
  const Place top = JoinAs("a", kTop);
  const Place low = JoinAs("a", kLow);
  const Place other = JoinAs("b", kLow);
  EXPECT_EQ(&top->trunk(), &low->trunk());
  EXPECT_NE(&top->trunk(), &other->trunk());
  EXPECT_EQ(top->trunk().id(), "a");
  EXPECT_EQ(other->trunk().id(), "b");
}

TEST_F(TrunkTableTest, ThoseThatDoNotAgreeHaveTrunksOfTheirOwn) {
  Place first = JoinAs("a", kTop, {{"one", 0, 1}});
  const Place second = JoinAs("a", kTop, {{"one", 0, 2}});
  const Place third = JoinAs("a", kLow, {{"one", 0, 2}});
  EXPECT_NE(&first->trunk(), &second->trunk());
  EXPECT_EQ(&second->trunk(), &third->trunk());
  EXPECT_NE(first->trunk().id(), second->trunk().id());
  // The number of one that is gone is free; others keep theirs.
  first.reset();
  const Place fourth = JoinAs("a", kTop, {{"one", 0, 3}});
  EXPECT_EQ(fourth->trunk().id(), "a");
  EXPECT_NE(fourth->trunk().id(), second->trunk().id());
}

TEST_F(TrunkTableTest, ForeseesWhereAModelWillBe) {
  EXPECT_EQ(Foresee(kTop).trunk_id, "a");
  const Place first = JoinAs("a", kTop, {{"one", 0, 1}});
  EXPECT_EQ(Foresee(kLow, {{"one", 0, 1}}).trunk_id, first->trunk().id());
  EXPECT_EQ(Foresee(kLow, {{"one", 0, 1}}).replacing.size(), 2u);
  const TrunkTable::Outlook apart = Foresee(kLow, {{"one", 0, 2}});
  EXPECT_TRUE(apart.replacing.empty());
  EXPECT_EQ(apart.trunk_id, JoinAs("a", kLow, {{"one", 0, 2}})->trunk().id());
}

TEST_F(TrunkTableTest, WhoeverIsExpectedIsExpectedWhereItWillJoin) {
  const Place first = JoinAs("a", kTop, {{"one", 0, 1}});
  const Place expected = Joins(kLow, {{"one", 0, 2}}, [&](const Trunk::Joining& joining) {
    return table_.Expect("a", joining);
  });
  EXPECT_NE(&expected->trunk(), &first->trunk());
  EXPECT_EQ(&JoinAs("a", kLow, {{"one", 0, 2}})->trunk(), &expected->trunk());
}

TEST_F(TrunkTableTest, ATrunkThatCouldNotBeMadeIsMadeWhenItIsAskedForAgain) {
  make_error_ = absl::InternalError("it cannot be compiled");
  Joins(kTop, {}, [&](const Trunk::Joining& joining) {
    EXPECT_EQ(
        table_
            .Join("a", joining,
                  [&](const TrunkPiece& piece, const Ranges& all) { return Make(piece, all); })
            .status(),
        make_error_);
  });
  make_error_ = absl::OkStatus();
  EXPECT_EQ(JoinAs("a", kTop)->trunk().id(), "a");
}

}  // namespace
}  // namespace graft::serving
