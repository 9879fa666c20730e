#include "core/base/sha256.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace graft {
namespace {

// FIPS 180-4 example values.
TEST(Sha256Test, KnownDigests) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Lengths on both sides of where the padding needs another block.
TEST(Sha256Test, EveryLengthHasItsOwnDigestHoweverItIsCut) {
  std::set<std::string> digests;
  for (size_t length = 0; length <= 130; ++length) {
    const std::string bytes(length, '\x5a');
    const std::string whole = Sha256Hex(bytes);
    EXPECT_TRUE(digests.insert(whole).second) << length;
    for (const size_t first : {length / 3, length / 2, length}) {
      Sha256 hash;
      hash.Update(bytes.substr(0, first));
      hash.Update(bytes.substr(first));
      EXPECT_EQ(hash.FinishHex(), whole) << length << " cut at " << first;
    }
  }
  // Of them all together, as Python's hashlib gives it.
  std::string all;
  for (size_t length = 0; length <= 130; ++length) {
    all += Sha256Hex(std::string(length, '\x5a'));
  }
  EXPECT_EQ(Sha256Hex(all), "444b29eea3ec5b3fe6996a01293c9d9f5ac3f54f95eb6e85542c93e448ce11b6");
}

TEST(Sha256Test, PartsGiveTheDigestOfTheWhole) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(hash.FinishHex(), Sha256Hex("abc"));
}

TEST(Sha256Test, HexIsRecognised) {
  EXPECT_TRUE(IsSha256Hex(Sha256Hex("x")));
  EXPECT_FALSE(IsSha256Hex("abc"));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'G')));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'A')));
}

TEST(Sha256Test, MissingFileIsNotFound) {
  EXPECT_EQ(Sha256HexOfFile("/nonexistent/file").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace graft
