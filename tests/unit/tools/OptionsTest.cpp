//===- OptionsTest.cpp - the command line and its messages ----------------===//

#include "tools/normc/Options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;
using testing::HasSubstr;
using testing::StartsWith;

static std::string messageOf(std::vector<const char *> arguments) {
  Result<Options> options = parseOptions(arguments);
  return options ? "" : options.error().message;
}

TEST(OptionsTest, Compile) {
  for (std::vector<const char *> arguments :
       {std::vector{"compile", "a.mlir", "--emit=obj", "--target=x86-64-v3",
                    "-o", "a.o"},
        std::vector{"compile", "--target", "x86-64-v3", "--output=a.o",
                    "--emit", "obj", "a.mlir"}}) {
    Result<Options> options = parseOptions(arguments);
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(options->action, Options::Action::Compile);
    EXPECT_EQ(options->file, "a.mlir");
    EXPECT_EQ(options->emit, Emit::Object);
    EXPECT_EQ(options->target, "x86-64-v3");
    EXPECT_EQ(options->output, "a.o");
  }
}

TEST(OptionsTest, Run) {
  Result<Options> options =
      parseOptions({"run", "-", "--in", "x=a=b.npy", "--in=r=r.npy", "--out",
                    "y=y.npy", "--threads=2"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, Options::Action::Run);
  EXPECT_EQ(options->file, "-");
  EXPECT_EQ(options->target, "native");
  ASSERT_EQ(options->inputs.size(), 2u);
  EXPECT_EQ(options->inputs[0].name, "x");
  EXPECT_EQ(options->inputs[0].path, "a=b.npy");
  EXPECT_EQ(options->outputs[0].name, "y");
  EXPECT_EQ(options->threads, 2);
}

TEST(OptionsTest, HelpAndVersion) {
  auto textOf = [](std::vector<const char *> arguments) {
    Result<Options> options = parseOptions(arguments);
    EXPECT_TRUE(options);
    EXPECT_EQ(options->action, Options::Action::Print);
    return options->text;
  };
  EXPECT_THAT(textOf({"--help"}), HasSubstr("usage: normc compile FILE"));
  EXPECT_THAT(textOf({"compile", "--help"}), HasSubstr("--emit STAGE"));
  EXPECT_THAT(textOf({"run", "a.mlir", "-h"}), HasSubstr("--in NAME=PATH"));
  EXPECT_THAT(textOf({"--version"}), StartsWith("normc 0."));
  EXPECT_THAT(textOf({"run", "--version"}), HasSubstr("(LLVM 22.1"));
}

TEST(OptionsTest, HelpListsEveryStage) {
  Result<Options> options = parseOptions({"compile", "--help"});
  ASSERT_TRUE(options);
  for (int stage = 0; stage <= int(Emit::Object); ++stage)
    EXPECT_THAT(options->text,
                HasSubstr("\n                     " +
                          std::string(toString(Emit(stage))) + " "));
}

TEST(OptionsTest, NearestNames) {
  EXPECT_EQ(messageOf({"compil"}),
            "unknown command 'compil'; did you mean 'compile'?");
  EXPECT_EQ(messageOf({"frobnicate"}), "unknown command 'frobnicate'");
  EXPECT_EQ(messageOf({"--versoin"}),
            "unknown option '--versoin'; did you mean '--version'?");
  EXPECT_EQ(messageOf({"compile", "a.mlir", "--emt=asm"}),
            "unknown option '--emt'; did you mean '--emit'?");
  EXPECT_EQ(messageOf({"run", "a.mlir", "--thread", "2"}),
            "unknown option '--thread'; did you mean '--threads'?");
  EXPECT_THAT(messageOf({"compile", "a.mlir", "--emit=kernal"}),
              HasSubstr("but got 'kernal'; did you mean 'kernel'?"));
  EXPECT_EQ(messageOf({"run", "a.mlir", "--emit=asm"}),
            "unknown option '--emit'");
}

TEST(OptionsTest, MissingParts) {
  EXPECT_EQ(messageOf({}), "expected a command; 'normc --help' lists them");
  EXPECT_EQ(messageOf({"run"}), "expected FILE after 'normc run'");
  EXPECT_EQ(messageOf({"compile", "a.mlir"}),
            "expected --emit=STAGE; 'normc compile --help' lists them");
  EXPECT_EQ(messageOf({"compile", "a.mlir", "-o"}),
            "expected a value after '-o'");
  EXPECT_EQ(messageOf({"compile", "a.mlir", "--target="}),
            "expected a value of '--target'");
  EXPECT_EQ(messageOf({"compile", "a.mlir", "b.mlir"}),
            "expected one FILE, but got 'a.mlir' and 'b.mlir'");
}

TEST(OptionsTest, BadValues) {
  EXPECT_EQ(messageOf({"run", "a.mlir", "--in", "x.npy"}),
            "expected --in NAME=PATH, but got 'x.npy'");
  EXPECT_EQ(messageOf({"run", "a.mlir", "--out", "y="}),
            "expected --out NAME=PATH, but got 'y='");
  EXPECT_EQ(messageOf({"run", "a.mlir", "--in", "x=a", "--in", "x=b"}),
            "expected each name once, but --in gives 'x' again");
  for (const char *threads : {"--threads=0", "--threads=-1", "--threads=two",
                              "--threads=99999999999"})
    EXPECT_THAT(messageOf({"run", "a.mlir", threads}),
                HasSubstr("expected --threads to be a number of at least 1"));
}
