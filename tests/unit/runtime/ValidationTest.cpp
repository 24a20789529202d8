//===- ValidationTest.cpp -------------------------------------------------===//

#include "runtime/Validation.h"

#include "TestArtifact.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::test;

namespace {

class ValidationTest : public testing::Test {
protected:
  Artifact artifact = matrixArtifact("f");

  void expectRefused(ErrorKind kind, const std::string &message) {
    Status status = validateArtifact(artifact);
    ASSERT_FALSE(status) << "expected: " << message;
    EXPECT_EQ(status.error().kind, kind);
    EXPECT_EQ(status.error().message, "artifact 'matrix': " + message);
  }
  void expectMalformed(const std::string &message) {
    expectRefused(ErrorKind::Internal, message);
  }
};

} // namespace

TEST_F(ValidationTest, Accepts) {
  artifact.inPlace = {{.input = 0, .output = 1}};
  artifact.divisibility = {{SizeExpr::word(1), 4, "extent"}};
  EXPECT_EQ(messageOf(validateArtifact(artifact)), "no error");
}

TEST_F(ValidationTest, RefusesOtherFormats) {
  artifact.formatVersion = 1;
  expectRefused(ErrorKind::Environment, "expected format version 4, but got 1");
}

TEST_F(ValidationTest, RefusesMoreThanTheLimits) {
  Artifact good = artifact;
  artifact.words.resize(257);
  expectRefused(ErrorKind::Unsupported,
                "expected at most 256 words, but got 257");
  artifact = good;
  artifact.stages.resize(33);
  expectRefused(ErrorKind::Unsupported,
                "expected at most 32 stages, but got 33");
  artifact = good;
  artifact.arguments[1].axes.resize(9);
  expectRefused(ErrorKind::Unsupported,
                "expected at most 8 axes of argument 'y', but got 9");
  artifact = good;
  artifact.arguments.resize(65);
  expectRefused(ErrorKind::Unsupported,
                "expected at most 64 arguments, but got 65");
}

TEST_F(ValidationTest, RefusesNames) {
  artifact.arguments[1].name = "x";
  expectMalformed("argument 'x': expected its name once, but got it twice");
  artifact.arguments[1].name = "";
  expectMalformed("expected argument 1 to have a name, but got none");
}

TEST_F(ValidationTest, RefusesFactsOfArguments) {
  Artifact good = artifact;
  artifact.arguments[0].alignment = 12;
  expectMalformed(
      "argument 'x': expected a power of two as alignment, but got 12");
  artifact = good;
  artifact.arguments[0].dtype = static_cast<DType>(77);
  expectMalformed("argument 'x': expected an element type, but got 77");
  artifact = good;
  artifact.arguments[0].axes[1].extent = {};
  expectMalformed("argument 'x': malformed size expression on axis 1");
  artifact = good;
  artifact.arguments[0].axes[0].stride = SizeExpr::word(2);
  expectMalformed("argument 'x': malformed size expression on axis 0");
}

TEST_F(ValidationTest, RefusesWords) {
  artifact.words[1] = {.argument = 1, .axis = 2};
  expectMalformed("expected word 1 to name an axis of an argument, but got "
                  "axis 2 of argument 1");
  artifact.words[1] = {.argument = -1, .axis = 0};
  expectMalformed("expected word 1 to name an axis of an argument, but got "
                  "axis 0 of argument -1");
}

TEST_F(ValidationTest, RefusesInPlacePairs) {
  artifact.inPlace = {{.input = 1, .output = 0}};
  expectMalformed("expected an input and an output as in-place pair, but got "
                  "arguments 1 and 0");
  artifact.inPlace = {{.input = 0, .output = 2}};
  expectMalformed("expected an input and an output as in-place pair, but got "
                  "arguments 0 and 2");
}

TEST_F(ValidationTest, RefusesDivisibility) {
  artifact.divisibility = {{SizeExpr::word(0), 0, "rows"}};
  expectMalformed("expected a positive divisor of rows, but got 0");
  artifact.divisibility = {};
  artifact.minimums = {{SizeExpr::word(5), 2, "size"}};
  expectMalformed("malformed size expression of size");
  artifact.minimums = {};
  artifact.divisibility = {{SizeExpr::word(5), 2, "rows"}};
  expectMalformed("malformed size expression of rows");
}

TEST_F(ValidationTest, RefusesStages) {
  artifact.stages = {{"", SizeExpr::constant(1)}};
  expectMalformed("expected each stage to name its entry, but got none");
  artifact.stages = {{"f", {}}};
  expectMalformed("malformed chunk count of stage 'f'");
  artifact.stages = {{.entry = "f",
                      .chunkCount = SizeExpr::constant(1),
                      .chunksPerBlock = -1}};
  expectMalformed("expected a block of stage 'f' to have chunks, but got -1");
  artifact.stages = {};
  expectMalformed("expected at least 1 stage, but got 0");
}

TEST_F(ValidationTest, RefusesEntriesOutsideOfTheImage) {
  artifact.stages[0].offset = 1;
  expectMalformed("expected the entry of stage 'f' within the image's 1 bytes, "
                  "but got offset 1");
  artifact.stages[0].offset = -1;
  expectMalformed("expected the entry of stage 'f' within the image's 1 bytes, "
                  "but got offset -1");
  artifact.stages[0].offset = 0;
  artifact.image = {};
  expectMalformed("expected the entry of stage 'f' within the image's 0 bytes, "
                  "but got offset 0");
}

TEST_F(ValidationTest, RefusesDeclaredNorms) {
  artifact.norms.resize(1);
  artifact.norms[0].input = 1;
  EXPECT_EQ(messageOf(validateArtifact(artifact)), "no error");
  artifact.norms[0].input = 2;
  expectMalformed("expected a declared norm to name an argument or -1, but got "
                  "2");
  artifact.norms[0].input = -2;
  expectMalformed("expected a declared norm to name an argument or -1, but got "
                  "-2");
}

TEST_F(ValidationTest, RefusesScratch) {
  artifact.scratchBytes = SizeExpr::word(2);
  expectMalformed("malformed size expression of scratch memory");
}
