#include "core/data/unicode.h"

#include <string>

#include <gtest/gtest.h>

namespace graft::data {
namespace {

TEST(Utf8Test, AcceptsWhatTheStandardAcceptsAndNothingElse) {
  for (const char* good : {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

TEST(NfcTest, PutsAccentsAndLettersTogether) {
  EXPECT_EQ(ToNfc("Cafe\xCC\x81"), "Caf\xC3\xA9");
  EXPECT_EQ(ToNfc("Caf\xC3\xA9"), "Caf\xC3\xA9");
  // Hangul, as macOS takes it apart.
  EXPECT_EQ(ToNfc("\xE1\x84\x80\xE1\x85\xA1"), "\xEA\xB0\x80");
  EXPECT_EQ(ToNfc("plain ASCII, as it is "), "plain ASCII, as it is ");
  EXPECT_EQ(ToNfc("\xE7\x8C\xAB"), "\xE7\x8C\xAB");
}

TEST(FoldTest, WhatAPersonTakesForOneIsOne) {
  const struct {
    const char* one;
    const char* other;
  } alike[] = {
      {"Cats", "cats"},
      {"\xC3\x84pfel", "\xC3\xA4pfel"},   // Aepfel with an umlaut
      {"A\xCC\x88pfel", "\xC3\xA4pfel"},  // and taken apart
      {"Stra\xC3\x9F"
       "e",
       "STRASSE"},                                               // sharp s
      {"\xCE\xA3\xCE\xB5\xCF\x82", "\xCF\x83\xCE\xB5\xCF\x83"},  // final sigma
      {"cats", "cats "},
      {"cats", "\tcats"},
      {"big  cats", "big cats"},
      {"cats", "ca\xE2\x80\x8Bts"},  // a zero-width space
      {"big cats",
       "big\xC2\xA0"
       "cats"},  // one that does not break
      {"cats", "cats."},
      {"cats", "cats . ."},
      {"cat", "\xEF\xBD\x83\xEF\xBD\x81\xEF\xBD\x94"},              // wide letters
      {"\xE3\x82\xAB", "\xEF\xBD\xB6"},                             // narrow katakana
      {"fish", "\xEF\xAC\x81sh"},                                   // a ligature
      {"Henry IV", "Henry \xE2\x85\xA3"},                           // one character of a number
      {"cat", "\xF0\x9D\x90\x9C\xF0\x9D\x90\x9A\xF0\x9D\x90\xAD"},  // mathematical bold
  };
  for (const auto& [one, other] : alike) EXPECT_EQ(FoldName(one), FoldName(other)) << one;
  for (const auto& [one, other] : {std::pair("cats", "cat"),
                                   {"x2", "x\xC2\xB2"},
                                   {"1", "\xE2\x91\xA0"},  // circled
                                   {"1/2", "\xC2\xBD"},
                                   {".cats", "cats"},
                                   {"a", "b"}}) {
    EXPECT_NE(FoldName(one), FoldName(other)) << one;
  }
}

}  // namespace
}  // namespace graft::data
