//===- Options.h - the command line of normc --------------------*- C++ -*-===//
//
// What `normc` was asked to do, as a plain struct; and what to tell people who
// asked for something else. The commands and options are tables in
// OptionTable.cpp, from which all help texts and suggestions come.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_OPTIONS_H
#define NORMC_TOOLS_NORMC_OPTIONS_H

#include "normc/Compiler.h"
#include "normc/Result.h"
#include "normc/Tensor.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace normc::tool {

/// `NAME=PATH`: the file of an argument.
struct Binding {
  std::string name;
  std::string path;
};

/// `NAME=8x4096`: the shape of an argument.
struct ShapeBinding {
  std::string name;
  Dims shape;
};

/// A command line that makes sense.
struct Options {
  enum class Action {
    Print, ///< Print `text`: a help text, or the version.
    Preset,
    Compile,
    Run,
    Bench,
    Tune,
    Explain,
    Targets,
  };

  Action action = Action::Print;
  std::string text;
  std::string file; ///< "-" is standard input.
  std::string target = "native";
  std::optional<Emit> emit;         ///< Given where `action` is Compile.
  std::string output = "-";         ///< "-": standard output (Tune: none).
  std::vector<Binding> inputs;      ///< Names differ.
  std::vector<Binding> outputs;     ///< Names differ.
  std::vector<ShapeBinding> shapes; ///< Names differ.
  std::optional<uint64_t> random;   ///< Seed of inputs without a file.
  std::optional<int> threads;       ///< At least 1; all cores where not given.
  std::optional<double> ceiling;    ///< In GB/s, above 0; else it is measured.
  double budget = 20;               ///< Seconds to tune for, above 0.
  std::string presetName; ///< One of `presets()`, unless `list` is set.
  PresetOptions preset;
  bool list = false;
  bool stats = false;
  bool timing = false;
  bool json = false;
};

/// Reads the arguments after the program's name. An error's message is a usage
/// error; it names what is nearest to a misspelt command, option or stage.
Result<Options> parseOptions(llvm::ArrayRef<const char *> arguments);

/// As normc::suggest.
std::string suggest(llvm::StringRef word,
                    llvm::ArrayRef<llvm::StringRef> names);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_OPTIONS_H
