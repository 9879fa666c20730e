#include "core/image/exif.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace graft::image {
namespace {

std::string Number(uint32_t value, int bytes, bool big_endian) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    const int shift = 8 * (big_endian ? bytes - 1 - i : i);
    text.push_back(static_cast<char>(value >> shift & 0xFF));
  }
  return text;
}

// A directory of one orientation tag, `gap` bytes behind the header. The value stands in the first
// `size` of the field's four bytes.
std::string Tiff(bool big_endian, uint32_t type, int size, uint32_t value, size_t gap = 0) {
  const auto number = [&](uint32_t n, int bytes) { return Number(n, bytes, big_endian); };
  std::string field = number(value, size);
  field.resize(4, '\x55');
  return (big_endian ? "MM" : "II") + number(42, 2) + number(static_cast<uint32_t>(8 + gap), 4) +
         std::string(gap, 'x') + number(2, 2) + number(0x010F, 2) + number(2, 2) + number(4, 4) +
         std::string("abc\0", 4) +  // the maker
         number(0x0112, 2) + number(type, 2) + number(1, 4) + field + number(0, 4);
}

TEST(ExifTest, OrientationIsReadInAnyIntegerType) {
  const struct {
    uint32_t type;
    int size;
  } types[] = {{1, 1}, {3, 2}, {4, 4}, {6, 1}, {7, 1}, {8, 2}, {9, 4}};
  for (const bool big_endian : {false, true}) {
    for (const auto& [type, size] : types) {
      for (const size_t gap : {size_t{0}, size_t{1}, size_t{7}}) {
        for (uint32_t value = 1; value <= 8; ++value) {
          EXPECT_EQ(ExifOrientation(Tiff(big_endian, type, size, value, gap)),
                    static_cast<int>(value))
              << big_endian << " " << type << " " << gap;
        }
      }
    }
  }
}

TEST(ExifTest, SeveralValuesBeginWhereTheFieldPoints) {
  std::string tiff = Tiff(true, 4, 4, 0);
  const size_t field = tiff.size() - 12;
  tiff.replace(field, 8, Number(2, 4, true) + Number(static_cast<uint32_t>(tiff.size()), 4, true));
  EXPECT_EQ(ExifOrientation(tiff + Number(6, 4, true) + Number(1, 4, true)), 6);
  EXPECT_EQ(ExifOrientation(tiff), 1);  // points behind the end
}

TEST(ExifTest, TheNameThatAJpegPutsInFrontMayBeThere) {
  EXPECT_EQ(ExifOrientation(std::string("Exif\0\0", 6) + Tiff(true, 3, 2, 6)), 6);
  EXPECT_EQ(ExifOrientation(std::string("Exif\0\0", 6)), 1);
}

TEST(ExifTest, WhatMakesNoSenseIsUpright) {
  EXPECT_EQ(ExifOrientation(Tiff(true, 4, 4, 0)), 1);
  EXPECT_EQ(ExifOrientation(Tiff(true, 4, 4, 9)), 1);
  EXPECT_EQ(ExifOrientation(Tiff(false, 4, 4, UINT32_MAX)), 1);
  const std::string tiff = Tiff(true, 3, 2, 6);
  for (size_t size = 0; size < tiff.size() - 6; ++size) {
    EXPECT_EQ(ExifOrientation(tiff.substr(0, size)), 1) << size;
  }
  EXPECT_EQ(ExifOrientation("XX" + tiff.substr(2)), 1);
}

}  // namespace
}  // namespace graft::image
