//===- Options.cpp - the command line of normc ----------------------------===//

#include "Options.h"

#include "Help.h"
#include "OptionTable.h"
#include "PresetReaders.h"

#include "normc/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Config/llvm-config.h"

using namespace normc;
using namespace normc::tool;
using llvm::ArrayRef;
using llvm::StringRef;

static Error usage(const llvm::Twine &message) {
  return {ErrorKind::InvalidArgument, message.str()};
}

std::string normc::tool::suggest(StringRef word, ArrayRef<StringRef> names) {
  std::vector<std::string_view> views(names.begin(), names.end());
  return normc::suggest(word, views);
}

static bool isHelp(StringRef word) { return word == "--help" || word == "-h"; }

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
/// Reads the words after one command.
class CommandParser {
public:
  CommandParser(const CommandInfo &command, ArrayRef<const char *> arguments)
      : command(command), arguments(arguments) {
    options.action = command.action;
  }

  Result<Options> parse();

private:
  Status readWord(StringRef word);
  Status readOption(StringRef word);
  const OptionInfo *find(StringRef name) const;

  const CommandInfo &command;
  ArrayRef<const char *> arguments; ///< Those not yet read.
  std::vector<const OptionInfo *> given;
  std::optional<StringRef> operand;
  Options options;
};
} // namespace

const OptionInfo *CommandParser::find(StringRef name) const {
  for (const OptionInfo &option : listOptions())
    if (takes(command, option) &&
        (name == option.name || (!name.empty() && name == option.shortName)))
      return &option;
  return nullptr;
}

/// `--name=value`, `--name value`, or a flag.
Status CommandParser::readOption(StringRef word) {
  auto [name, value] = word.split('=');
  bool hasValue = word.contains('=');
  const OptionInfo *option = find(name);
  if (!option) {
    std::vector<StringRef> known = {"--help", "--version"};
    for (const OptionInfo &other : listOptions())
      if (takes(command, other))
        known.push_back(other.name);
    return usage("unknown option '" + name + "'" + suggest(name, known));
  }
  bool isFlag = StringRef(option->value).empty();
  if (isFlag && hasValue)
    return usage("expected no value of '" + name + "', but got '" + value +
                 "'");
  if (!isFlag && !hasValue) {
    if (arguments.empty())
      return usage("expected a value after '" + word + "'");
    value = arguments.consume_front();
  }
  if (!isFlag && value.empty())
    return usage("expected a value of '" + name + "'");
  if (option->count != OptionInfo::Repeated &&
      llvm::is_contained(given, option))
    return usage("expected " + llvm::Twine(option->name) +
                 " once, but it is given again");
  given.push_back(option);
  return option->read(value, options);
}

Status CommandParser::readWord(StringRef word) {
  if (word != "-" && word.starts_with("-"))
    return readOption(word);
  if (!*command.operand)
    return usage("expected no word after 'normc " + llvm::Twine(command.name) +
                 "', but got '" + word + "'");
  if (operand)
    return usage(llvm::Twine("expected one ") + command.operand +
                 ", but got '" + *operand + "' and '" + word + "'");
  operand = word;
  if (command.action == Options::Action::Preset)
    return readPresetName(word, options);
  options.file = word.str();
  return {};
}

Result<Options> CommandParser::parse() {
  // Help is for those who have something else wrong, too.
  for (StringRef word : arguments)
    if (isHelp(word)) {
      options.action = Options::Action::Print;
      options.text = helpOf(command);
      return options;
    }
  while (!arguments.empty())
    if (Status status = readWord(arguments.consume_front()); !status)
      return status.error();
  if (*command.operand && !operand && !options.list)
    return usage(llvm::Twine("expected ") + command.operand + " after 'normc " +
                 command.name + "'");
  for (const OptionInfo &option : listOptions())
    if (takes(command, option) && option.count == OptionInfo::Required &&
        !llvm::is_contained(given, &option))
      return usage("expected " + llvm::Twine(option.name) + "=" + option.value +
                   "; 'normc " + command.name + " --help' lists them");
  for (const OptionInfo *option : given)
    if (option->beside && llvm::none_of(given, [&](const OptionInfo *other) {
          return StringRef(other->name) == option->beside;
        }))
      return usage(llvm::Twine("expected ") + option->beside + " beside " +
                   option->name);
  return options;
}

static const CommandInfo *findCommand(StringRef name) {
  for (const CommandInfo &command : listCommands())
    if (name == command.name)
      return &command;
  return nullptr;
}

Result<Options> normc::tool::parseOptions(ArrayRef<const char *> arguments) {
  Options options;
  if (arguments.empty())
    return usage("expected a command; 'normc --help' lists them");
  StringRef first = arguments.consume_front();
  if (first == "help" && !arguments.empty())
    if (const CommandInfo *command = findCommand(arguments.front())) {
      options.text = helpOf(*command);
      return options;
    }
  if (isHelp(first) || first == "help") {
    options.text = overview();
    return options;
  }
  if (first == "--version" ||
      llvm::is_contained(arguments, StringRef("--version"))) {
    options.text = "normc " NORMC_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return options;
  }
  if (const CommandInfo *command = findCommand(first))
    return CommandParser(*command, arguments).parse();
  std::vector<StringRef> known = {"--help", "--version", "help"};
  for (const CommandInfo &command : listCommands())
    known.push_back(command.name);
  bool isOption = first.starts_with("-");
  return usage(llvm::Twine("unknown ") + (isOption ? "option" : "command") +
               " '" + first + "'" + suggest(first, known));
}
