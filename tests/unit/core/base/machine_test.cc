#include "core/base/machine.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(MachineTest, NamesTheProcessorByWhatTheKernelTells) {
  EXPECT_EQ(ParseProcessor("processor\t: 0\n"
                           "vendor_id\t: AuthenticAMD\n"
                           "cpu family\t: 25\n"
                           "model\t\t: 17\n"
                           "model name\t: AMD EPYC 9R14\n"
                           "stepping\t: 1\n"
                           "flags\t\t: fpu: vme\n"
                           "\n"
                           "processor\t: 1\n"
                           "model\t\t: 99\n"),
            "AuthenticAMD 25/17/1 AMD EPYC 9R14");
}

TEST(MachineTest, LeavesOutWhatIsNotThere) {
  EXPECT_EQ(ParseProcessor("model name\t: Some\tProcessor\n"), "Some Processor");
  EXPECT_EQ(ParseProcessor("BogoMIPS : 50.00\n"), "unknown");
  EXPECT_EQ(ParseProcessor(""), "unknown");
  EXPECT_EQ(ProcessorName("/no/such/root"), "unknown");
}

}  // namespace
}  // namespace graft
