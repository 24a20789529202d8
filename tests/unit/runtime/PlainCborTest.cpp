//===- PlainCborTest.cpp --------------------------------------------------===//

#include "runtime/PlainCbor.h"

#include <gtest/gtest.h>

#include <string>

using namespace normc;

static bool isPlain(const std::string &bytes) { return isPlainCbor(bytes); }

/// Arrays of one element in one another, around a zero.
static std::string nested(size_t depth) {
  return std::string(depth, '\x81') + '\0';
}

TEST(PlainCborTest, AcceptsItems) {
  using namespace std::string_literals;
  EXPECT_TRUE(isPlain("\x17"s));                                 // 23
  EXPECT_TRUE(isPlain("\x19\x01\x00"s));                         // 256
  EXPECT_TRUE(isPlain("\x3b\x00\x00\x00\x00\x00\x00\x00\x01"s)); // -2
  EXPECT_TRUE(isPlain("\x63"
                      "abc"s));
  EXPECT_TRUE(isPlain("\x43\x00\xff\x00"s));
  EXPECT_TRUE(isPlain("\x80"s));
  EXPECT_TRUE(isPlain("\xa0"s));
  EXPECT_TRUE(isPlain("\xa1\x61"
                      "a\x82\xf4\xf5"s));
  EXPECT_TRUE(isPlain("\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"s)); // 1.0
}

TEST(PlainCborTest, RefusesPartsAndMore) {
  using namespace std::string_literals;
  EXPECT_FALSE(isPlain(""));
  EXPECT_FALSE(isPlain("\x19\x01"s));
  EXPECT_FALSE(isPlain("\x63"
                       "ab"s));
  EXPECT_FALSE(isPlain("\x82\x01"s));
  EXPECT_FALSE(isPlain("\xa1\x61"
                       "a"s));
  EXPECT_FALSE(isPlain("\x01\x01"s));
}

TEST(PlainCborTest, RefusesHugeClaims) {
  using namespace std::string_literals;
  for (char major : {'\x5b', '\x7b', '\x9b', '\xbb'})
    for (char top : {'\x00', '\x7f', '\x80', '\xff'}) {
      std::string bytes = major + std::string(1, top) + std::string(20, '\xff');
      EXPECT_FALSE(isPlain(bytes));
    }
}

TEST(PlainCborTest, RefusesUnknownLengthsTagsAndReservedBytes) {
  using namespace std::string_literals;
  EXPECT_FALSE(isPlain("\x7f\x61"
                       "a\xff"s));
  EXPECT_FALSE(isPlain("\x9f\x01\xff"s));
  EXPECT_FALSE(isPlain("\xbf\xff"s));
  EXPECT_FALSE(isPlain("\xc1\x01"s));
  EXPECT_FALSE(isPlain("\x1c"s));
  EXPECT_FALSE(isPlain("\xf7"s)); // undefined
  EXPECT_FALSE(isPlain("\xf8\x20"s));
}

TEST(PlainCborTest, RefusesDeepNesting) {
  EXPECT_TRUE(isPlain(nested(kMaxCborDepth)));
  EXPECT_FALSE(isPlain(nested(kMaxCborDepth + 1)));
  EXPECT_FALSE(isPlain(nested(10'000'000)));
  EXPECT_FALSE(isPlain(std::string(10'000'000, '\x7f')));
}
