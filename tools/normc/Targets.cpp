//===- Targets.cpp - normc targets ----------------------------------------===//

#include "Commands.h"
#include "Files.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace normc;
using namespace normc::tool;

/// The features that change what a kernel looks like, without those that the
/// others imply.
static std::string featuresInShort(const Target &target) {
  if (target.kind == Target::Kind::Gpu)
    return "ptx80"; // What every GPU's code asks for.
  struct {
    const char *feature;
    const char *impliedBy;
  } const shown[] = {
      {"sse4.1", "sse4.2"}, {"sse4.2", "avx"},  {"avx", "avx2"},
      {"avx2", "avx512f"},  {"fma", "avx512f"}, {"f16c", "avx512f"},
      {"avx512f", ""},      {"avx512bf16", ""}, {"avx512fp16", ""},
      {"neon", "sve"},      {"sve", "sve2"},    {"sve2", ""},
      {"sve256", ""},       {"sve512", ""},
  };
  std::vector<std::string> features = getRequiredFeatures(target);
  std::vector<std::string> kept;
  for (auto [feature, impliedBy] : shown)
    if (llvm::is_contained(features, feature) &&
        !llvm::is_contained(features, impliedBy))
      kept.push_back(feature);
  return llvm::join(kept, " ");
}

Status normc::tool::targetsCommand() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::format("%-18s %-26s %5s  %s\n", "name", "triple", "bits",
                         "features");
  Target native = Target::native();
  for (const std::string &name : Target::names()) {
    Result<Target> target = Target::named(name);
    if (!target)
      return target.error();
    stream << llvm::format("%-18s %-26s %5d  %s", name.c_str(),
                           target->triple.c_str(), int(target->vectorBits),
                           featuresInShort(*target).c_str());
    if (name == "native")
      stream << "  (this machine: " << native.cpu << ")";
    else if (name == native.cpu)
      stream << "  (native)";
    stream << "\n";
  }
  return OutputFiles().add("-", {text});
}
