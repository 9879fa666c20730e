#include "client/cli/npy.h"

#include <cstring>

#include <gtest/gtest.h>

namespace graft::cli {
namespace {

TEST(NpyTest, IsWhatNumPyWrites) {
  const std::string file = ToNpy({{1, 2, 3}, {4, 5, 6}}, 3);
  // numpy.save of the same array: magic, version 1.0, the header's length, the header padded so
  // that the numbers begin at a multiple of 64.
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const size_t header =
      static_cast<unsigned char>(file[8]) + 256u * static_cast<unsigned char>(file[9]);
  EXPECT_EQ((10 + header) % 64, 0u);
  const std::string text = file.substr(10, header);
  EXPECT_EQ(text.substr(0, text.find_last_of('}') + 1),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  EXPECT_EQ(text.back(), '\n');
  ASSERT_EQ(file.size(), 10 + header + 6 * sizeof(float));
  float numbers[6];
  std::memcpy(numbers, file.data() + 10 + header, sizeof numbers);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(numbers[i], i + 1);
}

}  // namespace
}  // namespace graft::cli
