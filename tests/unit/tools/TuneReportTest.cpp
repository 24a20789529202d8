//===- TuneReportTest.cpp - what a search for a schedule found ------------===//

#include "tools/normc/TuneReport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;
using testing::HasSubstr;
using testing::Not;
using Outcome = Trial::Outcome;

/// A search that took one of five.
static Tuning someTuning() {
  Tuning tuning{.name = "f",
                .target = "znver4",
                .dtype = "f32",
                .shape = "8x4",
                .argument = "x",
                .start = "the model's choice",
                .threads = 1,
                .bytes = 2000,
                .budget = 20,
                .areCold = true,
                .result = {}};
  TuneResult &result = tuning.result;
  result.text = "module {\n}\n";
  result.changes = {{0, "rows", 8, ""}};
  result.trials = {{0, "rows", 4, 8, Outcome::Taken, "", 0.1, 0.02},
                   {0, "rows", 4, 1, Outcome::Slower, "", -0.25, 0.03},
                   {1, "chunk", 4, 2, Outcome::SameCode, "", 0, 0},
                   {1, "width", 8, 4, Outcome::Refused, "no such", 0, 0},
                   {1, "width", 8, 16, Outcome::OtherResults, "'y'", 0, 0}};
  result.final.lanes = {{{1e-6, 2e-6, 3e-6}, {1, 1, 1}},
                        {{1e-6, 1e-6, 2e-6}, {0.8, 0.9, 0.95}}};
  result.final.rounds = 15;
  result.seconds = 12.34;
  return tuning;
}

TEST(TuneReportTest, Table) {
  EXPECT_EQ(
      writeTable(someTuning()),
      "f f32 8x4 on znver4, 1 thread, cold caches\n"
      "\n"
      "stage  parameter      from        to     gain  spread\n"
      "    0  rows              4         8   +10.0%    2.0%  taken\n"
      "    0  rows              4         1   -25.0%    3.0%  no gain\n"
      "    1  chunk             4         2        -       -  same code\n"
      "    1  width             8         4        -       -  refused: no "
      "such\n"
      "    1  width             8        16        -       -  other results: "
      "'y'\n"
      "\n"
      "start          2.0 us  (quartiles 1.0 to 3.0)      1.0 GB/s\n"
      "tuned          1.0 us  (quartiles 1.0 to 2.0)      2.0 GB/s\n"
      "gain   10.0% over the model's choice (spread 5.0%)\n"
      "       medians of 15 rounds; 12.3 s of 20.0 s\n");
}

TEST(TuneReportTest, TheStartStands) {
  Tuning tuning = someTuning();
  tuning.result.changes.clear();
  EXPECT_THAT(
      writeTable(tuning),
      HasSubstr("\ngain   the model's choice stands: in the last race, "
                "what was taken gained 10.0%, with a spread of 5.0%\n"));
  tuning.result.final.lanes.pop_back();
  EXPECT_THAT(writeTable(tuning),
              HasSubstr("\ngain   the model's choice stands\n"));
  EXPECT_THAT(writeTable(tuning), Not(HasSubstr("\ntuned ")));
  EXPECT_THAT(writeJson(tuning), HasSubstr("\"gain\": 0,"));
}

TEST(TuneReportTest, WhatToBewareOf) {
  Tuning tuning = someTuning();
  tuning.areCold = false;
  tuning.result.untried = {"width of stage 0", "chunk of stage 0"};
  std::string text = writeTable(tuning);
  EXPECT_THAT(text, HasSubstr("1 thread\nwarning: calls of 2000 bytes find "
                              "their arrays in the caches; give a larger "
                              "--shape\n"));
  EXPECT_THAT(text, HasSubstr("not tried, for which the budget is too small: "
                              "width of stage 0, chunk of stage 0\n"));
}

TEST(TuneReportTest, File) {
  EXPECT_EQ(writeFile(someTuning()),
            "// Tuned for znver4 with x = 8x4 on 1 thread: 10.0% over the "
            "model's choice (spread 5.0%).\nmodule {\n}\n");
}
