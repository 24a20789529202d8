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
  EXPECT_THAT(textOf({"--help"}), HasSubstr("       normc compile FILE"));
  EXPECT_THAT(textOf({"--help"}), HasSubstr("normc preset NAME [OPTION]..."));
  EXPECT_THAT(textOf({"preset", "--help"}), HasSubstr("[--dtype=TYPE]"));
  EXPECT_THAT(textOf({"compile", "--help"}), HasSubstr("  --emit STAGE"));
  EXPECT_THAT(textOf({"run", "a.mlir", "-h"}), HasSubstr("--in NAME=PATH"));
  EXPECT_THAT(textOf({"--version"}), StartsWith("normc 0."));
  EXPECT_THAT(textOf({"run", "--version"}), HasSubstr("(LLVM 22.1"));
}

TEST(OptionsTest, HelpListsEveryStage) {
  Result<Options> options = parseOptions({"compile", "--help"});
  ASSERT_TRUE(options);
  for (const EmitInfo &info : listEmits())
    EXPECT_THAT(options->text, HasSubstr("\n                        " +
                                         std::string(info.name) + " "));
}

TEST(OptionsTest, HelpBeforeWhatIsWrong) {
  for (std::vector<const char *> arguments :
       {std::vector{"bench", "--help"}, std::vector{"help", "bench"},
        std::vector{"bench", "--nonsense", "-h"}}) {
    Result<Options> options = parseOptions(arguments);
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(options->action, Options::Action::Print);
    EXPECT_THAT(options->text, StartsWith("normc bench: "));
  }
}

TEST(OptionsTest, Bench) {
  Result<Options> options =
      parseOptions({"bench", "a.mlir", "--shape", "x=8192x4096", "--json",
                    "--shape=scale=4096", "--threads", "3"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, Options::Action::Bench);
  EXPECT_TRUE(options->json);
  ASSERT_EQ(options->shapes.size(), 2u);
  EXPECT_EQ(options->shapes[0].name, "x");
  EXPECT_EQ(options->shapes[0].shape, (Dims{8192, 4096}));
  EXPECT_EQ(options->shapes[1].shape, (Dims{4096}));
}

TEST(OptionsTest, Tune) {
  Result<Options> options =
      parseOptions({"tune", "a.mlir", "--shape=x=8x4", "--budget=0.5", "-o",
                    "b.mlir", "--json", "--threads=2"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, Options::Action::Tune);
  EXPECT_EQ(options->budget, 0.5);
  EXPECT_EQ(options->output, "b.mlir");
  EXPECT_TRUE(options->json);
  EXPECT_EQ(options->threads, 2);
  EXPECT_EQ(parseOptions({"tune", "a.mlir"})->budget, 20);
  for (const char *budget :
       {"--budget=0", "--budget=-1", "--budget=x", "--budget=inf"})
    EXPECT_THAT(messageOf({"tune", "a.mlir", budget}),
                HasSubstr("expected --budget to be a number of seconds above "
                          "0, but got '"));
  EXPECT_EQ(messageOf({"tune", "a.mlir", "-o", "-"}),
            "expected --output to be a file, since standard output has the "
            "report, but got '-'");
}

TEST(OptionsTest, RandomAndStats) {
  Result<Options> options = parseOptions(
      {"run", "a.mlir", "--random=18446744073709551615", "--stats"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->random, ~uint64_t(0));
  EXPECT_TRUE(options->stats);
  EXPECT_FALSE(options->timing);
}

TEST(OptionsTest, ExplainAndTargets) {
  Result<Options> options =
      parseOptions({"explain", "a.mlir", "--ceiling=42.5"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, Options::Action::Explain);
  EXPECT_EQ(options->ceiling, 42.5);
  options = parseOptions({"targets"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->action, Options::Action::Targets);
  EXPECT_EQ(messageOf({"targets", "a.mlir"}),
            "expected no word after 'normc targets', but got 'a.mlir'");
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

TEST(OptionsTest, BadValuesOfTheNewer) {
  for (const char *shape : {"--shape=x", "--shape=x=", "--shape=x=8x",
                            "--shape==8", "--shape=x=-1", "--shape=x=8*4"})
    EXPECT_THAT(messageOf({"bench", "a.mlir", shape}),
                HasSubstr("expected --shape NAME=EXTENTxEXTENT..., but got '"));
  EXPECT_THAT(messageOf({"bench", "a.mlir", "--shape=x=1x1x1x1x1x1x1x1x1"}),
              HasSubstr("expected --shape of at most 8 axes"));
  EXPECT_EQ(messageOf({"bench", "a.mlir", "--shape=x=1", "--shape=x=2"}),
            "expected each name once, but --shape gives 'x' again");
  EXPECT_EQ(messageOf({"run", "a.mlir", "--random", "-1"}),
            "expected --random to be a seed of 0 or more, but got '-1'");
  for (const char *ceiling : {"--ceiling=0", "--ceiling=-3", "--ceiling=x",
                              "--ceiling=inf", "--ceiling=nan"})
    EXPECT_THAT(messageOf({"explain", "a.mlir", ceiling}),
                HasSubstr("expected --ceiling to be a number of GB/s above 0"));
  EXPECT_EQ(messageOf({"run", "a.mlir", "--stats=yes"}),
            "expected no value of '--stats', but got 'yes'");
  EXPECT_EQ(messageOf({"run", "a.mlir", "--threads=1", "--threads=2"}),
            "expected --threads once, but it is given again");
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
