//===- Help.cpp - help texts ----------------------------------------------===//

#include "Help.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>

using namespace normc;
using namespace normc::tool;
using llvm::StringRef;

static constexpr size_t kWidth = 80;
static constexpr size_t kColumn = 22; ///< Where descriptions start.

/// Appends words, with line breaks before those that would pass the last
/// column; `column` is where the text ends now.
static void wrap(std::string &text, size_t column, size_t indent,
                 llvm::ArrayRef<std::string> words) {
  for (const std::string &word : words) {
    if (column + 1 + word.size() > kWidth) {
      text.append("\n").append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  text += '\n';
}

static std::vector<std::string> wordsOf(StringRef text) {
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ' ');
  return {parts.begin(), parts.end()};
}

/// "--emit=STAGE", "[--in NAME=PATH]...", "[-o OUT]"
static std::string usageOf(const OptionInfo &option) {
  StringRef value = option.value;
  bool hasShort = !StringRef(option.shortName).empty();
  std::string word;
  if (option.count != OptionInfo::Required)
    word += '[';
  word += hasShort ? option.shortName : option.name;
  if (!value.empty()) {
    word += hasShort || value.contains('=') ? ' ' : '=';
    word += value;
  }
  if (option.count != OptionInfo::Required)
    word += ']';
  if (option.count == OptionInfo::Repeated)
    word += "...";
  return word;
}

/// "normc run FILE [--in NAME=PATH]... [--threads=N]"
/// With more than `most` options, "[OPTION]..." stands for them.
static std::string usageOf(const CommandInfo &command, StringRef lead,
                           size_t most) {
  std::string text = lead.str() + "normc " + command.name;
  size_t indent = text.size() + 1;
  std::vector<std::string> words;
  if (*command.operand)
    words.push_back(command.operand);
  std::vector<std::string> options;
  for (const OptionInfo &option : listOptions())
    if (takes(command, option))
      options.push_back(usageOf(option));
  if (options.size() > most)
    options = {"[OPTION]..."};
  words.insert(words.end(), options.begin(), options.end());
  if (!words.empty())
    text += ' ';
  wrap(text, indent, indent, words);
  return text;
}

std::string normc::tool::overview() {
  std::string text = "normc compiles normalization kernels.\n\n";
  StringRef lead = "usage: ";
  for (const CommandInfo &command : listCommands()) {
    constexpr size_t most = 10;
    text += usageOf(command, lead, most);
    lead = "       ";
  }
  text += "       normc COMMAND --help\n       normc --help | --version\n\n";
  for (const CommandInfo &command : listCommands()) {
    std::string row = std::string("  ") + command.name;
    row.resize(11, ' ');
    text += row + command.summary + "\n";
  }
  return text +
         "\nFILE is .mlir text with one function of norm ops, or `-` for "
         "standard input.\n"
         "Exit codes: 0; 1 where the input or the machine is at fault, 2 for a "
         "wrong\ncommand line, 3 for a defect in normc.\n";
}

/// One row: a term, and what it means from `kColumn` on.
static std::string describe(const std::string &term, StringRef meaning) {
  std::string text = "  " + term;
  if (text.size() + 1 > kColumn)
    text += "\n" + std::string(kColumn, ' ');
  else
    text.resize(kColumn, ' ');
  wrap(text, kColumn, kColumn, wordsOf(meaning));
  return text;
}

static std::string describe(const OptionInfo &option) {
  std::string term;
  if (!StringRef(option.shortName).empty())
    term.append(option.shortName).append(", ");
  term += option.name;
  if (!StringRef(option.value).empty())
    term.append(" ").append(option.value);
  std::string text = describe(term, option.help);
  if (!option.listValues)
    return text;
  std::string values = option.listValues();
  for (StringRef rest = values; !rest.empty();) {
    auto [line, next] = rest.split('\n');
    text += std::string(kColumn + 2, ' ') + line.str() + "\n";
    rest = next;
  }
  return text;
}

std::string normc::tool::helpOf(const CommandInfo &command) {
  std::string text = std::string("normc ") + command.name + ": " +
                     command.summary + ".\n\n" +
                     usageOf(command, "usage: ", listOptions().size()) + "\n";
  bool takesArtifact = command.action == Options::Action::Run ||
                       command.action == Options::Action::Bench;
  if (command.operand == StringRef("FILE"))
    text += describe(
        "FILE",
        std::string("the .mlir text of one function of norm ops on tensors") +
            // Whose schedules can't change any more.
            (command.action == Options::Action::Tune
                 ? ""
                 : ", or of one norm.program") +
            (takesArtifact ? ", or a saved kernel (normc compile "
                             "--emit=artifact)"
                           : "") +
            "; `-` is standard input");
  if (command.action == Options::Action::Preset)
    text += describe("NAME", "a preset; `normc preset --list` lists them");
  for (const OptionInfo &option : listOptions())
    if (takes(command, option))
      text += describe(option);
  text += describe("-h, --help", "this text");
  text += describe("--version", "the version of normc and of LLVM");
  if (!StringRef(command.details).empty())
    text += std::string("\n") + command.details;
  return text;
}
