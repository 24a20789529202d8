//===- CNamesTest.cpp - names that a C program can say --------------------===//

#include "compiler/lowering/shared/CNames.h"

#include <gtest/gtest.h>

using namespace normc;

TEST(CNamesTest, Identifiers) {
  EXPECT_EQ(toCIdentifier("rms"), "rms");
  EXPECT_EQ(toCIdentifier("layer norm.1-a"), "layer_norm_1_a");
  EXPECT_EQ(toCIdentifier("4d"), "norm_4d");
  EXPECT_EQ(toCIdentifier("_x"), "norm__x");
  EXPECT_EQ(toCIdentifier(""), "norm_");
  EXPECT_EQ(toCIdentifier("\xce\xb3"), "ceb3");
  EXPECT_EQ(toCIdentifier("\xff"), "ff");
}

TEST(CNamesTest, WordsThatMeanSomething) {
  for (const char *word :
       {"int", "class", "restrict", "NULL", "linux", "main", "int64_t", "and"})
    EXPECT_EQ(toCIdentifier(word), std::string(word) + "_");
}

TEST(CNamesTest, FunctionsOfTheLibrary) {
  for (const char *word : {"exp", "printf", "memcpy", "gamma", "y0"}) {
    EXPECT_EQ(toCIdentifier(word), word); // Fine as a parameter.
    EXPECT_EQ(toCFunctionName(word), std::string(word) + "_");
  }
  EXPECT_EQ(toCFunctionName("int"), "int_");
  EXPECT_EQ(toCFunctionName("layer_norm"), "layer_norm");
}

TEST(CNamesTest, EachNameOfAScopeIsGivenOnce) {
  CScope scope;
  EXPECT_EQ(scope.declare("a.b"), "a_b");
  EXPECT_EQ(scope.declare("a_b"), "a_b_2");
  EXPECT_EQ(scope.declare("a b"), "a_b_3");
  EXPECT_EQ(scope.declare("a_b_2"), "a_b_2_2");
}
