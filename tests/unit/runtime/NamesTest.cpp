//===- NamesTest.cpp ------------------------------------------------------===//

#include "runtime/Names.h"

#include "TestArtifact.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::test;

namespace {

class NamesTest : public testing::Test {
protected:
  Artifact artifact;
  TensorRef x, gamma, y;
  const TensorRef *ordered[3];

  void SetUp() override {
    for (const char *name : {"x", "gamma", "y"})
      artifact.arguments.push_back(matrixArgument(name, false));
  }

  std::string order(std::initializer_list<NamedTensor> args) {
    named = args;
    return messageOf(orderByName(artifact, named, ordered));
  }

  std::vector<NamedTensor> named;
};

} // namespace

TEST_F(NamesTest, OrdersByName) {
  x.data = &x;
  gamma.data = &gamma;
  y.data = &y;
  EXPECT_EQ(order({{"y", y}, {"x", x}, {"gamma", gamma}}), "no error");
  EXPECT_EQ(ordered[0]->data, &x);
  EXPECT_EQ(ordered[1]->data, &gamma);
  EXPECT_EQ(ordered[2]->data, &y);
}

TEST_F(NamesTest, RefusesUnknownNames) {
  EXPECT_EQ(order({{"x", x}, {"gama", gamma}, {"y", y}}),
            "expected an argument out of 'x', 'gamma', 'y', but got 'gama'; "
            "did you mean 'gamma'?");
  EXPECT_EQ(order({{"weight", x}}),
            "expected an argument out of 'x', 'gamma', 'y', but got 'weight'");
}

TEST_F(NamesTest, RefusesMissingNames) {
  EXPECT_EQ(order({{"x", x}, {"y", y}}),
            "argument 'gamma': expected a tensor of this name, but got none");
}

TEST_F(NamesTest, RefusesNamesGivenTwice) {
  EXPECT_EQ(order({{"x", x}, {"gamma", gamma}, {"x", y}}),
            "argument 'x': expected one tensor of this name, but got two");
}
