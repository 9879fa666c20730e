#include "core/base/cpu_limit.h"

#include <filesystem>
#include <sched.h>
#include <string>

#include <gmock/gmock.h>

#include "core/base/files.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

TEST(UsableCpus, IsTheLeastOfTheLimitsWithAQuotaRoundedUp) {
  EXPECT_EQ(UsableCpus({.affinity = 64}), 64);
  EXPECT_EQ(UsableCpus({.affinity = 64, .quota = 2.0}), 2);
  EXPECT_EQ(UsableCpus({.affinity = 64, .quota = 1.5}), 2);
  EXPECT_EQ(UsableCpus({.affinity = 64, .quota = 0.1}), 1);
  EXPECT_EQ(UsableCpus({.affinity = 64, .cpuset = 8, .quota = 100}), 8);
  EXPECT_EQ(UsableCpus({.affinity = 4, .cpuset = 8}), 4);
  EXPECT_EQ(UsableCpus({}), 1);
}

TEST(ParseCpuMax, ReadsQuotaAndPeriod) {
  EXPECT_EQ(ParseCpuMax("200000 100000\n"), 2.0);
  EXPECT_EQ(ParseCpuMax("150000 100000"), 1.5);
  EXPECT_EQ(ParseCpuMax("max 100000\n"), std::nullopt);
  for (const char* text : {"", "200000", "x y", "100000 0", "0 100000", "-1 100000", "1 2 3",
                           "9223372036854775807 1", "99999999999999999999 1"}) {
    EXPECT_EQ(ParseCpuMax(text), std::nullopt) << text;
  }
}

TEST(ParseCfsQuota, MinusOneIsNoLimit) {
  EXPECT_EQ(ParseCfsQuota("50000", "100000"), 0.5);
  EXPECT_EQ(ParseCfsQuota("-1", "100000"), std::nullopt);
  EXPECT_EQ(ParseCfsQuota("", ""), std::nullopt);
}

TEST(CountCpuSet, CountsRangesAndSingleOnes) {
  EXPECT_EQ(CountCpuSet("0-3,8,10-11\n"), 7);
  EXPECT_EQ(CountCpuSet("5"), 1);
  for (const char* list : {"", "\n", "a", "3-1", "-1", "0-", "1,,2", "0-2-4", "0-99999999999",
                           "0-1048576", "2147483647"}) {
    EXPECT_EQ(CountCpuSet(list), std::nullopt) << list;
  }
}

// Files as Linux has them, below a folder of the test's.
class ControlGroupTest : public ::testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    const fs::path path = root_.path() / file;
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  }
  CpuLimits Read() const { return ReadControlGroup(root_.path()); }

  TempDirectory root_ = *TempDirectory::Create();
};

TEST_F(ControlGroupTest, AMachineWithoutAnyHasNoLimit) {
  EXPECT_EQ(Read().quota, std::nullopt);
  EXPECT_EQ(Read().cpuset, std::nullopt);
}

TEST_F(ControlGroupTest, AContainersTopIsItsOwnGroup) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  Write("sys/fs/cgroup/cpuset.cpus.effective", "4-7\n");
  EXPECT_EQ(Read().quota, 2.0);
  EXPECT_EQ(Read().cpuset, 4);
}

TEST_F(ControlGroupTest, AGroupAboveMayLimitMore) {
  Write("proc/self/cgroup", "0::/system.slice/graft.service\n");
  Write("sys/fs/cgroup/system.slice/cpu.max", "100000 100000\n");
  Write("sys/fs/cgroup/system.slice/graft.service/cpu.max", "400000 100000\n");
  Write("sys/fs/cgroup/cpuset.cpus.effective", "0-63\n");
  Write("sys/fs/cgroup/system.slice/graft.service/cpuset.cpus.effective", "0-1\n");
  EXPECT_EQ(Read().quota, 1.0);
  EXPECT_EQ(Read().cpuset, 2);
}

TEST_F(ControlGroupTest, VersionOneHasAFolderForEachController) {
  Write("proc/self/cgroup",
        "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n3:cpuset:/docker/abc\n1:name=x:/\n");
  // The path is the host's; a container sees its own group at the top.
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "250000\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpuset/cpuset.cpus", "0,2\n");
  EXPECT_EQ(Read().quota, 2.5);
  EXPECT_EQ(Read().cpuset, 2);
}

TEST_F(ControlGroupTest, APathThatClimbsIsNotFollowed) {
  Write("proc/self/cgroup", "0::/../../elsewhere\n");
  Write("elsewhere/cpu.max", "100000 100000\n");
  Write("sys/fs/cgroup/cpu.max", "300000 100000\n");
  EXPECT_EQ(Read().quota, 3.0);
}

TEST(AvailableCpus, IsAtLeastOneAndNoMoreThanTheMachineHas) {
  EXPECT_GE(AvailableCpus(), 1);
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  EXPECT_LE(AvailableCpus(), CPU_COUNT(&set));
}

}  // namespace
}  // namespace graft
