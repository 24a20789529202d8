//===- ResultTest.cpp -----------------------------------------------------===//

#include "normc/Result.h"

#include <gtest/gtest.h>

#include <memory>

using namespace normc;

TEST(ResultTest, HoldsAValue) {
  Result<int> result = 7;
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 7);
}

TEST(ResultTest, HoldsAnError) {
  Result<int> result = Error{ErrorKind::Unsupported, "no code"};
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(result.error().message, "no code");
}

TEST(ResultTest, MovesTheValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  ASSERT_TRUE(result);
  std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 3);
}

TEST(ResultTest, ReachesMembers) {
  const Result<std::string> result = std::string("abc");
  EXPECT_EQ(result->size(), 3u);
}

TEST(ResultTest, StatusIsSuccessOrError) {
  EXPECT_TRUE(Status());
  Status status = Error{ErrorKind::Environment, "no driver"};
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "no driver");
}

TEST(ResultTest, NamesKinds) {
  EXPECT_STREQ(toString(ErrorKind::InvalidSpec), "invalid spec");
  EXPECT_STREQ(toString(ErrorKind::InvalidArgument), "invalid argument");
  EXPECT_STREQ(toString(ErrorKind::Unsupported), "unsupported");
  EXPECT_STREQ(toString(ErrorKind::Environment), "environment");
  EXPECT_STREQ(toString(ErrorKind::Internal), "internal");
}
