//===- HelpTest.cpp - help texts ------------------------------------------===//

#include "tools/normc/Help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

TEST(HelpTest, EveryOptionOfACommandIsListed) {
  for (const CommandInfo &command : listCommands()) {
    std::string text = helpOf(command);
    EXPECT_THAT(overview(), HasSubstr(std::string("normc ") + command.name));
    for (const OptionInfo &option : listOptions()) {
      std::string row = std::string("  ") + option.name;
      if (*option.shortName)
        row = std::string("  ") + option.shortName + ", " + option.name;
      // An option of that name may be another's, with other values.
      if (*option.value)
        row += std::string(" ") + option.value;
      auto isListed =
          AnyOf(HasSubstr("\n" + row + " "), HasSubstr("\n" + row + "\n"));
      if (takes(command, option))
        EXPECT_THAT(text, isListed) << command.name;
      else
        EXPECT_THAT(text, Not(isListed)) << command.name;
    }
  }
}

TEST(HelpTest, NoLineIsTooLong) {
  std::string all = overview();
  for (const CommandInfo &command : listCommands())
    all += helpOf(command);
  llvm::StringRef rest = all;
  while (!rest.empty()) {
    auto [line, next] = rest.split('\n');
    EXPECT_LE(line.size(), 80u) << line.str();
    EXPECT_FALSE(line.ends_with(" ")) << line.str();
    rest = next;
  }
}

TEST(HelpTest, UsageTellsWhatIsNeeded) {
  EXPECT_THAT(overview(),
              HasSubstr("normc compile FILE --emit=STAGE [--target="));
  EXPECT_THAT(overview(), HasSubstr("normc run FILE [--in NAME=PATH]..."));
  EXPECT_THAT(overview(), HasSubstr("\n       normc targets\n"));
}
