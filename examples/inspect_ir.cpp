//===- inspect_ir.cpp - look at a norm on its way to code -----------------===//
//
// inspect_ir [PRESET [STAGE ...]]
//
// Prints what a named norm (rms_norm by default) lowers to at chosen stages of
// the compiler, then what the compiled artifact expects of its callers. The
// stages are those of `normc compile --emit`: norm, kernel, precision,
// scheduled, phases, vector, llvm-dialect, llvm, asm. Ends with 1 where a stage
// still holds what an earlier one should have lowered.
//
//===----------------------------------------------------------------------===//

#include "examples/check.h"
#include "normc/SizeText.h"
#include "normc/normc.h"

#include <map>

using namespace example;
using normc::Emit;

static const char *explain(Emit stage) {
  switch (stage) {
  case Emit::Norm:
    return "The declaration, as the spec says it. This text can be saved,\n"
           "edited and given to normc::jit in place of the spec.";
  case Emit::Kernel:
    return "The formula in scalars. Operands are mapped to named dims; a\n"
           "collective (norm.reduce, norm.moments) gives each point the value\n"
           "of its group. From here on no norm has a name.";
  case Emit::Precision:
    return "Every rounding is an op of its own, and no later stage changes "
           "one.";
  case Emit::Scheduled:
    return "How this machine is to run it: which dim runs along the vector\n"
           "lanes, how wide, how many at a time, and the chunks of work.";
  case Emit::Phases:
    return "Launches (norm.stage), what runs once per row (norm.instance), "
           "and\n"
           "loops over the elements (norm.phase). A phase that waits for a\n"
           "collective comes after the one that contributes to it.";
  case Emit::Vector:
    return "Loops and vectors of the target, with its tails and horizontal\n"
           "sums; math functions are expanded.";
  case Emit::LlvmDialect:
    return "The same as MLIR's LLVM dialect.";
  case Emit::Llvm:
    return "LLVM IR.";
  case Emit::Assembly:
    return "The machine's own instructions.";
  case Emit::Object:
    return "A relocatable object file.";
  }
  return "";
}

/// Prints the first lines of a text.
static void printHead(const std::string &text, int lines) {
  size_t end = 0;
  for (int line = 0; line < lines && end < text.size(); ++line)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  std::fwrite(text.data(), 1, end, stdout);
  if (auto rest = std::count(text.begin() + end, text.end(), '\n'))
    std::printf("... and %td more lines\n", rest);
}

/// Whatever the stage, a level of the IR that it has left must not be in it.
static void checkLevel(Emit stage, const std::string &ir) {
  auto holds = [&](const char *word) {
    return ir.find(word) != std::string::npos;
  };
  if ((stage == Emit::Norm) != holds("norm.normalize"))
    fail("expected norm.normalize at stage norm only, see " +
         std::string(toString(stage)));
  if (stage >= Emit::Phases && holds("norm.kernel"))
    fail("expected no norm.kernel from stage phases on");
  if (stage >= Emit::Vector && holds("norm.phase"))
    fail("expected no norm.phase from stage vector on");
}

static void printFacts(const normc::Artifact &artifact) {
  // Sizes are formulas over the words of a call.
  std::vector<std::string> words;
  for (size_t i = 0; i < artifact.words.size(); ++i)
    words.push_back("w" + std::to_string(i));
  auto size = [&](const normc::SizeExpr &expression) {
    return expression.steps.empty() ? "any"
                                    : normc::formatSize(expression, words);
  };
  std::printf("== the artifact: %zu bytes of code for %s, %s\n\n",
              artifact.image.size(), artifact.cpu.c_str(),
              artifact.triple.c_str());
  for (const normc::ArgumentFacts &argument : artifact.arguments) {
    std::printf("%s %s: %s, aligned to %td bytes\n",
                argument.isOutput ? "output" : "input ", argument.name.c_str(),
                toString(argument.dtype), ptrdiff_t(argument.alignment));
    for (const normc::AxisFacts &axis : argument.axes)
      std::printf("    extent %s, stride %s%s\n", size(axis.extent).c_str(),
                  size(axis.stride).c_str(),
                  axis.mustBeNonEmpty ? ", not empty" : "");
  }
  for (size_t i = 0; i < artifact.words.size(); ++i) {
    const normc::WordSource &word = artifact.words[i];
    std::printf("word w%zu: the %s of %s along axis %d\n", i,
                word.isStride ? "stride" : "extent",
                artifact.arguments[word.argument].name.c_str(), word.axis);
  }
  for (auto [input, output] : artifact.inPlace)
    std::printf("%s may be written over %s\n",
                artifact.arguments[output].name.c_str(),
                artifact.arguments[input].name.c_str());
  for (const normc::StageFacts &stage : artifact.stages)
    std::printf("stage %s: %s independent chunks\n", stage.entry.c_str(),
                size(stage.chunkCount).c_str());
  std::printf("scratch: %s bytes\n", size(artifact.scratchBytes).c_str());
}

/// A small input of the shape that the preset expects.
static normc::NormSpec makeSpec(const std::string &preset) {
  normc::PresetOptions options{.shape = {normc::kDynamic, 4096}};
  for (const normc::PresetInfo &info : normc::presets())
    if (info.name == preset && info.shape == "N x C x spatial")
      options.shape = {normc::kDynamic, 64, 28, 28};
  return orFail(normc::makePreset(preset, options));
}

int main(int argc, char **argv) {
  const normc::NormSpec spec = makeSpec(argc > 1 ? argv[1] : "rms_norm");
  std::vector<Emit> chosen = {Emit::Norm, Emit::Kernel, Emit::Scheduled,
                              Emit::Phases, Emit::Assembly};
  if (argc > 2)
    chosen.clear();
  for (int i = 2; i < argc; ++i)
    chosen.push_back(orFail(normc::parseEmit(argv[i])));
  if (std::count(chosen.begin(), chosen.end(), Emit::Object))
    fail("expected stages of text, but got obj");

  // One compilation shows every stage; normc::emit gives the text of one.
  const std::string text = orFail(normc::toMlir(spec));
  std::map<Emit, std::string> stages;
  const normc::Artifact artifact = orFail(
      normc::compileVerbose(text, normc::Target::native(),
                            [&](std::string_view stage, std::string_view ir) {
                              stages[orFail(normc::parseEmit(stage))] = ir;
                            }));
  for (const auto &[stage, ir] : stages)
    checkLevel(stage, ir);

  for (Emit stage : chosen) {
    if (!stages.count(stage)) // Only text is shown on the way.
      stages[stage] = orFail(normc::emit(text, stage, normc::Target::native()));
    std::printf("== %s\n\n%s\n\n", std::string(toString(stage)).c_str(),
                explain(stage));
    printHead(stages[stage], 40);
    std::printf("\n");
  }
  printFacts(artifact);
  return 0;
}
