//===- Options.cpp - the command line of normc ----------------------------===//

#include "Options.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Config/llvm-config.h"

using namespace normc;
using namespace normc::tool;
using llvm::ArrayRef;
using llvm::StringRef;

static constexpr char kOverview[] =
    R"(normc compiles normalization kernels.

usage: normc compile FILE --emit=STAGE [--target=TARGET] [-o OUT]
       normc run FILE --in NAME=x.npy ... --out NAME=y.npy ... [--target=TARGET]
       normc COMMAND --help
       normc --help | --version

FILE is .mlir text with one function of norm ops, or `-` for standard input.
)";

static constexpr char kCompileHelp[] =
    R"(normc compile: compiles a norm, and shows or writes a stage of it.

usage: normc compile FILE --emit=STAGE [--target=TARGET] [-o OUT]

  FILE             .mlir text with one function of norm ops on tensors, or one
                   norm.program; `-` is standard input
  --emit STAGE     in the order of the pipeline:
                     norm          the declaration, as parsed
                     kernel        scalar programs with collectives
                     precision     every rounding made explicit
                     scheduled     with a schedule for the target
                     phases        stages and phases
                     vector        vector code of the target
                     llvm-dialect  MLIR's LLVM dialect
                     llvm          LLVM IR
                     asm           assembly
                     obj           a relocatable object file
                     artifact      a compiled kernel, for `normc run` and for
                                   programs that link normc's runtime only
  --target TARGET  native (default), x86-64-v2, x86-64-v3, x86-64-v4, or a
                   processor's name
  -o, --output OUT the file to write; `-` (default) is standard output
)";

static constexpr char kRunHelp[] =
    R"(normc run: compiles a norm and runs it on arrays in .npy files.

usage: normc run FILE --in NAME=x.npy ... --out NAME=y.npy ... [--target=TARGET]
                 [--threads=N]

  FILE             .mlir text with one function of norm ops on tensors, or one
                   norm.program, or an artifact (normc compile
                   --emit=artifact); `-` is standard input
  --in NAME=PATH   the array of an input, one option for each
  --out NAME=PATH  the file to write an output to, one option for each
  --target TARGET  native (default), or another that this machine can run; an
                   artifact has its own
  --threads N      threads to run on; all cores by default. The results do not
                   depend on it.

Arrays are .npy files in C or Fortran order, of <f2, <f4 or <f8; bf16 is two raw
bytes: <V2 (as the Python package ml_dtypes writes it), |V2 or <u2. Outputs are
written in C order, bf16 as <V2. Either all outputs are written, or none.
)";

static Error usage(const llvm::Twine &message) {
  return {ErrorKind::InvalidArgument, message.str()};
}

std::string normc::tool::suggest(StringRef word, ArrayRef<StringRef> names) {
  StringRef best;
  // Two slips of the finger, but not half of a short word.
  unsigned bestDistance = std::min<unsigned>(2, word.size() / 2) + 1;
  for (StringRef name : names) {
    unsigned distance = word.edit_distance(name, true, bestDistance);
    // A beginning of at least three letters will do too.
    if (word.size() >= 3 && name.starts_with(word))
      distance = std::min(distance, 1u);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = name;
    }
  }
  return best.empty() ? "" : ("; did you mean '" + best + "'?").str();
}

//===----------------------------------------------------------------------===//
// Words and options, before they mean anything
//===----------------------------------------------------------------------===//

namespace {
/// An option as given: `--name=value` or `--name value`.
struct Given {
  StringRef name;
  StringRef value;
};

/// A command line cut into FILE and options.
struct Words {
  std::optional<StringRef> file;
  std::vector<Given> options;
  bool wantsHelp = false;
};
} // namespace

/// Cuts `arguments`; all options but --help take a value.
static Result<Words> cut(ArrayRef<const char *> arguments,
                         ArrayRef<StringRef> known) {
  Words words;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef word = arguments[i];
    if (word == "--help" || word == "-h") {
      words.wantsHelp = true;
      continue;
    }
    if (!word.starts_with("-") || word == "-") {
      if (words.file)
        return usage("expected one FILE, but got '" + *words.file + "' and '" +
                     word + "'");
      words.file = word;
      continue;
    }
    auto [name, value] = word.split('=');
    if (name == "-o")
      name = "--output";
    if (!llvm::is_contained(known, name))
      return usage("unknown option '" + name + "'" + suggest(name, known));
    if (!word.contains('=')) {
      if (i + 1 == arguments.size())
        return usage("expected a value after '" + word + "'");
      value = arguments[++i];
    }
    words.options.push_back({name, value});
  }
  return words;
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

static Status readEmit(StringRef value, Options &options) {
  std::vector<StringRef> names;
  for (int stage = 0; stage <= int(Emit::Artifact); ++stage) {
    names.push_back(toString(Emit(stage)));
    if (names.back() == value)
      options.emit = Emit(stage);
  }
  if (options.emit)
    return {};
  return usage("expected --emit to be one of " + llvm::join(names, ", ") +
               ", but got '" + value + "'" + suggest(value, names));
}

static Status readBinding(const Given &given, std::vector<Binding> &bindings) {
  auto [name, path] = given.value.split('=');
  if (name.empty() || path.empty())
    return usage("expected " + given.name + " NAME=PATH, but got '" +
                 given.value + "'");
  for (const Binding &other : bindings)
    if (other.name == name)
      return usage("expected each name once, but " + given.name + " gives '" +
                   name + "' again");
  bindings.push_back({name.str(), path.str()});
  return {};
}

static Status readOption(const Given &given, Options &options) {
  if (given.name == "--in")
    return readBinding(given, options.inputs);
  if (given.name == "--out")
    return readBinding(given, options.outputs);
  if (given.name == "--emit")
    return readEmit(given.value, options);
  if (given.value.empty())
    return usage("expected a value of '" + given.name + "'");
  if (given.name == "--threads") {
    int threads = 0;
    if (given.value.getAsInteger(10, threads) || threads < 1)
      return usage(
          "expected --threads to be a number of at least 1, but got '" +
          given.value + "'");
    options.threads = threads;
    return {};
  }
  (given.name == "--target" ? options.target : options.output) =
      given.value.str();
  return {};
}

static Result<Options> parseCommand(Options::Action action,
                                    ArrayRef<const char *> arguments) {
  bool isCompile = action == Options::Action::Compile;
  StringRef command = isCompile ? "compile" : "run";
  const StringRef compileOptions[] = {"--emit", "--target", "--output",
                                      "--help"};
  const StringRef runOptions[] = {"--in", "--out", "--target", "--threads",
                                  "--help"};
  Result<Words> words =
      cut(arguments, isCompile ? ArrayRef(compileOptions) : runOptions);
  if (!words)
    return words.error();

  Options options;
  if (words->wantsHelp) {
    options.text = isCompile ? kCompileHelp : kRunHelp;
    return options;
  }
  options.action = action;
  for (const Given &given : words->options)
    if (Status status = readOption(given, options); !status)
      return status.error();
  if (!words->file)
    return usage("expected FILE after 'normc " + command + "'");
  options.file = words->file->str();
  if (isCompile && !options.emit)
    return usage("expected --emit=STAGE; 'normc compile --help' lists them");
  return options;
}

Result<Options> normc::tool::parseOptions(ArrayRef<const char *> arguments) {
  Options options;
  if (arguments.empty())
    return usage("expected a command; 'normc --help' lists them");
  StringRef first = arguments.front();
  if (first == "--help" || first == "-h" || first == "help") {
    options.text = kOverview;
    return options;
  }
  if (llvm::is_contained(arguments, StringRef("--version"))) {
    options.text = "normc " NORMC_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return options;
  }
  if (first == "compile")
    return parseCommand(Options::Action::Compile, arguments.drop_front());
  if (first == "run")
    return parseCommand(Options::Action::Run, arguments.drop_front());
  bool isOption = first.starts_with("-");
  return usage(llvm::Twine("unknown ") + (isOption ? "option" : "command") +
               " '" + first + "'" +
               suggest(first, {"compile", "run", "--help", "--version"}));
}
