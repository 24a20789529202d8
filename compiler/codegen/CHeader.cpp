//===- CHeader.cpp - a C header for an object file ------------------------===//

#include "compiler/codegen/CHeader.h"

#include "compiler/codegen/CFeatures.h"
#include "compiler/codegen/CSizes.h"
#include "compiler/codegen/CVersions.h"
#include "compiler/lowering/shared/CNames.h"
#include "normc/ArtifactFile.h"
#include "normc/SizeText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Triple.h"

#include <vector>

using namespace normc;
using Op = SizeExpr::Op;
using std::to_string;

namespace {

/// Writes the header of one kernel, part by part.
class HeaderWriter {
public:
  explicit HeaderWriter(llvm::ArrayRef<CVersion> versions)
      : versions(versions), artifact(versions[0].facts),
        name(toCFunctionName(artifact.name)) {}

  Result<std::string> write();

private:
  struct Argument {
    std::string name;
    std::vector<SizeExpr> extents;
  };

  void nameThings();
  Status orderWords();
  void writeComment();
  void writeArgumentComment(size_t index);
  void writeConditions();
  void writeDeclarations();
  void writeVersionVariable();
  void writeSizeCheck();
  void writeScratchBytes();
  void writeKernel();
  void writeArgumentCheck(size_t index);
  void line(const llvm::Twine &text) { out += (text + "\n").str(); }
  std::string size(const SizeExpr &expr) const {
    return formatSize(expr, wordNames);
  }
  /// "int64_t x_extent0, int64_t x_stride0", or "".
  std::string sizeParameters() const;
  std::string sizeNames() const;
  std::vector<SizeExpr> nonEmptyExtents() const;
  std::string bufferParameters() const;
  const AxisFacts &axisOf(const WordSource &word) const {
    return artifact.arguments[word.argument].axes[word.axis];
  }
  /// True for a word that a call gives; the others follow from those.
  bool isParameter(size_t word) const {
    const WordSource &source = artifact.words[word];
    return source.isStride ||
           axisOf(source).extent == SizeExpr::word(int64_t(word));
  }

  llvm::ArrayRef<CVersion> versions;
  const Artifact &artifact; ///< Of the first; a call is the same for all.
  std::string name, out;
  std::vector<std::string> arguments; ///< C names.
  std::vector<std::string> wordNames; ///< C names; formulas where computed.
  std::vector<size_t> parameters;     ///< Words that a call gives.
  std::vector<size_t> computed;       ///< The others, in an order that works.
};

/// Text that can't end a comment or do anything else to a C file.
std::string inComment(llvm::StringRef text) {
  std::string safe;
  for (char c : text)
    safe += llvm::isPrint(c) && !llvm::StringRef("*/\\?").contains(c) ? c : '_';
  return safe;
}

bool allowsInPlace(const Artifact &facts, const InPlacePair &pair) {
  return llvm::any_of(facts.inPlace, [&](const InPlacePair &other) {
    return other.input == pair.input && other.output == pair.output;
  });
}

/// "x86-64-v3 (x86-64-v3)"
std::string describe(const CVersion &version) {
  return inComment(version.targetName) + " (" + inComment(version.facts.cpu) +
         ")";
}

const char *cTypeOf(DType dtype) {
  switch (dtype) {
  case DType::F8E4M3FN:
  case DType::F8E5M2:
    return "uint8_t";
  case DType::F16:
  case DType::BF16:
    return "uint16_t";
  case DType::F32:
    return "float";
  case DType::F64:
    return "double";
  case DType::I8:
    return "int8_t";
  case DType::I32:
    return "int32_t";
  case DType::I64:
    return "int64_t";
  }
  return "void";
}

} // namespace

void HeaderWriter::nameThings() {
  CScope scope;
  for (const char *own : {"", "_supported", "_scratch_bytes", "_check_sizes",
                          "_version", "_version_name"})
    scope.declare(name + own);
  for (const CVersion &version : versions)
    for (const StageFacts &stage : version.facts.stages)
      scope.declare(stage.entry);
  for (const char *local : {"buffers", "words", "scratch", "fault", "status",
                            "bytes", "chunks", "version"})
    scope.declare(local);
  for (const ArgumentFacts &facts : artifact.arguments)
    arguments.push_back(scope.declare(facts.name));
  for (auto [i, word] : llvm::enumerate(artifact.words)) {
    wordNames.push_back(arguments[word.argument] +
                        (word.isStride ? "_stride" : "_extent") +
                        to_string(word.axis));
    if (isParameter(i)) {
      wordNames[i] = scope.declare(wordNames[i]);
      parameters.push_back(i);
    }
  }
}

/// Puts the words that follow from others into an order in which each comes
/// after those that it needs.
Status HeaderWriter::orderWords() {
  std::vector<bool> known(artifact.words.size());
  for (size_t word : parameters)
    known[word] = true;
  for (size_t before = ~size_t(0); before != computed.size();) {
    before = computed.size();
    for (size_t i = 0; i < known.size(); ++i) {
      const SizeExpr &extent = axisOf(artifact.words[i]).extent;
      if (known[i] || llvm::any_of(extent.steps, [&](const auto &step) {
            return step.op == Op::Word && !known[step.operand];
          }))
        continue;
      known[i] = true;
      computed.push_back(i);
      wordNames[i] = size(extent);
    }
  }
  if (parameters.size() + computed.size() == known.size())
    return {};
  return Error{ErrorKind::Internal,
               "expected extents that follow from the call's, but got extents "
               "that need each other"};
}

//===----------------------------------------------------------------------===//
// What people read
//===----------------------------------------------------------------------===//

void HeaderWriter::writeArgumentComment(size_t index) {
  const ArgumentFacts &facts = artifact.arguments[index];
  std::string shape, strides;
  for (auto [axis, axisFacts] : llvm::enumerate(facts.axes)) {
    shape += (axis ? ", " : "") + size(axisFacts.extent);
    const SizeExpr &stride = axisFacts.stride;
    std::string text = size(stride);
    if (stride.steps.empty())
      for (auto [i, word] : llvm::enumerate(artifact.words))
        if (word.isStride && size_t(word.argument) == index &&
            size_t(word.axis) == axis)
          text = wordNames[i];
    strides += (axis ? ", " : "") + text;
  }
  // C has no type of such numbers.
  bool isBits = llvm::StringRef(cTypeOf(facts.dtype)).starts_with("uint");
  line(" *   " + arguments[index] + ": " + toString(facts.dtype) +
       (isBits ? " (its bits)" : "") + " [" + shape + "], strides [" + strides +
       "], aligned to " +
       to_string(std::max(facts.alignment, byteSize(facts.dtype))) +
       " bytes; " + (facts.isOutput ? "written" : "read"));
  if (arguments[index] != facts.name)
    line(" *     (the kernel's '" + inComment(facts.name) + "')");
}

void HeaderWriter::writeConditions() {
  for (const DivisibilityFact &fact : artifact.divisibility)
    line(" * " + size(fact.value) + " must be divisible by " +
         to_string(fact.divisor) + ".");
  for (const MinimumFact &fact : artifact.minimums)
    line(" * " + size(fact.value) + " must be at least " +
         to_string(fact.minimum) + ".");
  for (const SizeExpr &extent : nonEmptyExtents())
    line(" * " + size(extent) + " must be at least 1.");
  for (const InPlacePair &pair : artifact.inPlace)
    if (llvm::all_of(versions, [&](const CVersion &version) {
          return allowsInPlace(version.facts, pair);
        }))
      line(" * " + arguments[pair.output] + " may be the same buffer as " +
           arguments[pair.input] + ", with the same strides.");
}

void HeaderWriter::writeComment() {
  bool isSingle = versions.size() == 1;
  line("/* Norm '" + inComment(artifact.name) + "', compiled by normc for " +
       (isSingle ? describe(versions[0]) + "." : "several processors:"));
  for (auto [i, version] : llvm::enumerate(versions))
    if (!isSingle)
      line(" *   version " + to_string(i) + ": " + describe(version));
  line(" *");
  line(std::string(" * Goes with the object file of the same kernel and ") +
       (isSingle ? "target" : "targets") + " (normc compile");
  line(" * --emit=obj), which needs no library. C99 or C++.");
  line(" *");
  line(" * Tensors, with extents and strides in elements:");
  for (size_t i = 0; i < arguments.size(); ++i)
    writeArgumentComment(i);
  line(" *   scratch: " + name +
       "_scratch_bytes() bytes, aligned to 64, of any "
       "content;");
  line(" *     null where that is 0");
  line(" *");
  writeConditions();
  line(" * No written tensor may overlap another tensor or scratch otherwise, "
       "and no two");
  line(" * of its elements may lie at one address; this is not checked.");
  line(" *");
  line(" * Returns NORMC_C_OK (0), or another code of the list below, and then "
       "nothing");
  line(" * was written, unless it is NORMC_C_FAILED. Calls are independent of "
       "each other");
  line(" * and may be made from any thread, each with scratch of its own.");
  line(" *");
  line(" * The thread's floating-point control word must be the default: round "
       "to");
  line(" * nearest, subnormals kept (no flush to zero), exceptions masked.");
  line(" *");
  line(" * To spread one call over threads, call the stages yourself: each "
       "after the");
  line(" * one before it has ended, in any division of its chunks.");
  line(" */");
}

//===----------------------------------------------------------------------===//
// What compilers read
//===----------------------------------------------------------------------===//

std::string HeaderWriter::sizeParameters() const {
  std::vector<std::string> list;
  for (size_t word : parameters)
    list.push_back("int64_t " + wordNames[word]);
  return llvm::join(list, ", ");
}

std::string HeaderWriter::sizeNames() const {
  std::vector<std::string> list;
  for (size_t word : parameters)
    list.push_back(wordNames[word]);
  return llvm::join(list, ", ");
}

/// The extents that a call must not make 0, each once.
std::vector<SizeExpr> HeaderWriter::nonEmptyExtents() const {
  std::vector<SizeExpr> extents;
  for (const ArgumentFacts &facts : artifact.arguments)
    for (const AxisFacts &axis : facts.axes)
      if (axis.mustBeNonEmpty && !llvm::is_contained(extents, axis.extent) &&
          !(axis.extent.isConstant() && axis.extent.steps[0].operand > 0))
        extents.push_back(axis.extent);
  return extents;
}

std::string HeaderWriter::bufferParameters() const {
  std::vector<std::string> list;
  for (auto [facts, cName] : llvm::zip(artifact.arguments, arguments))
    list.push_back(std::string(facts.isOutput ? "" : "const ") +
                   cTypeOf(facts.dtype) + " *" + cName);
  return llvm::join(list, ", ");
}

void HeaderWriter::writeDeclarations() {
  for (const CVersion &version : versions)
    for (const StageFacts &stage : version.facts.stages)
      line("int32_t " + stage.entry +
           "(void *const *buffers, const int64_t *words,\n    void *scratch, "
           "int64_t chunk_begin, int64_t chunk_end);");
  line("");
}

/// A function that fills in `words` and checks them.
void HeaderWriter::writeSizeCheck() {
  line("/* Extents and strides as the stages take them. */");
  line("static inline int " + name + "_check_sizes(int64_t *words" +
       (parameters.empty() ? "" : ", " + sizeParameters()) + ") {");
  line("  int fault = 0;");
  if (artifact.words.empty())
    line("  words[0] = 0;");
  for (size_t word : parameters)
    if (!artifact.words[word].isStride) {
      line("  words[" + to_string(word) + "] = " + wordNames[word] + ";");
      line("  if (words[" + to_string(word) + "] < 0)");
      line("    return NORMC_C_EXTENT;");
    }
  for (size_t word : computed)
    line("  words[" + to_string(word) +
         "] = " + writeCSize(axisOf(artifact.words[word]).extent) + ";");
  for (const DivisibilityFact &fact : artifact.divisibility) {
    line("  if (" + writeCSize(fact.value) + " % " + to_string(fact.divisor) +
         " != 0)");
    line("    return NORMC_C_DIVISIBILITY;");
  }
  for (const MinimumFact &fact : artifact.minimums) {
    line("  if (" + writeCSize(fact.value) + " < " + to_string(fact.minimum) +
         ")");
    line("    return NORMC_C_TOO_FEW;");
  }
  // No address depends on the stride of a single element.
  for (size_t word : parameters)
    if (artifact.words[word].isStride)
      line("  words[" + to_string(word) +
           "] = " + writeCSize(axisOf(artifact.words[word]).extent) +
           " > 1 ? " + wordNames[word] + " : 0;");
  line("  return fault ? NORMC_C_TOO_LARGE : NORMC_C_OK;");
  line("}");
  line("");
}

void HeaderWriter::writeScratchBytes() {
  std::string words = to_string(std::max<size_t>(artifact.words.size(), 1));
  line("/* Bytes of scratch that a call with these sizes needs; -1 for sizes "
       "that the");
  line(" * kernel refuses. */");
  line("static inline int64_t " + name + "_scratch_bytes(" +
       (parameters.empty() ? "void" : sizeParameters()) + ") {");
  line("  int64_t words[" + words + "], bytes;");
  line("  int fault = 0;");
  writeVersionVariable();
  line("  if (" + name + "_check_sizes(words" +
       (parameters.empty() ? "" : ", " + sizeNames()) + ") != NORMC_C_OK)");
  line("    return -1;");
  out += writePerVersion(versions, "-1", [](const CVersion &version) {
    return "  bytes = " + writeCSize(version.facts.scratchBytes) + ";\n";
  });
  line("  return fault ? -1 : bytes;");
  line("}");
  line("");
}

void HeaderWriter::writeArgumentCheck(size_t index) {
  const ArgumentFacts &facts = artifact.arguments[index];
  SizeExpr bytes = SizeExpr::constant(byteSize(facts.dtype));
  for (const AxisFacts &axis : facts.axes) {
    bytes.steps.insert(bytes.steps.end(), axis.extent.steps.begin(),
                       axis.extent.steps.end());
    bytes.steps.push_back({Op::Mul});
  }
  line("  bytes = " + writeCSize(bytes) + ";");
  line("  status = normc_c_check(" + arguments[index] + ", bytes, " +
       to_string(std::max(facts.alignment, byteSize(facts.dtype))) + ");");
  line("  if (status != NORMC_C_OK)");
  line("    return status;");
}

void HeaderWriter::writeVersionVariable() {
  if (versions.size() > 1)
    line("  int version = " + name + "_version();");
}

/// How many chunks each stage has, and the bytes of scratch.
static std::string writeSizes(const CVersion &version) {
  std::string text;
  for (auto [i, stage] : llvm::enumerate(version.facts.stages))
    text += "  chunks[" + to_string(i) + "] = " + writeCSize(stage.chunkCount) +
            ";\n";
  return text + "  bytes = " + writeCSize(version.facts.scratchBytes) + ";\n";
}

/// One stage after the other.
static std::string writeCalls(const CVersion &version) {
  std::string text;
  for (auto [i, stage] : llvm::enumerate(version.facts.stages))
    text += "  if (" + stage.entry + "(buffers, words, scratch, 0, chunks[" +
            to_string(i) + "]) != 0)\n    return NORMC_C_FAILED;\n";
  return text;
}

void HeaderWriter::writeKernel() {
  std::string words = to_string(std::max<size_t>(artifact.words.size(), 1));
  std::string sizes = parameters.empty() ? "" : ",\n    " + sizeParameters();
  line("static inline int " + name + "(\n    " + bufferParameters() + sizes +
       ",\n    void *scratch) {");
  size_t stages = 0;
  for (const CVersion &version : versions)
    stages = std::max(stages, version.facts.stages.size());
  std::vector<std::string> buffers;
  for (const std::string &argument : arguments)
    buffers.push_back("(void *)(uintptr_t)" + argument);
  line("  void *const buffers[] = {\n      " +
       llvm::join(buffers, ",\n      ") + "};");
  line("  int64_t words[" + words + "], bytes, chunks[" + to_string(stages) +
       "];");
  line("  int fault = 0;");
  writeVersionVariable();
  if (versions.size() > 1) {
    line("  if (version < 0)");
    line("    return NORMC_C_UNSUPPORTED;");
  }
  line("  int status = " + name + "_check_sizes(words" +
       (parameters.empty() ? "" : ", " + sizeNames()) + ");");
  line("  if (status != NORMC_C_OK)");
  line("    return status;");
  for (const SizeExpr &extent : nonEmptyExtents()) {
    line("  if (" + writeCSize(extent) + " == 0)");
    line("    return NORMC_C_EXTENT;");
  }
  for (size_t i = 0; i < arguments.size(); ++i)
    writeArgumentCheck(i);
  out += writePerVersion(versions, "NORMC_C_UNSUPPORTED", writeSizes);
  line("  if (fault)");
  line("    return NORMC_C_TOO_LARGE;");
  line("  if (normc_c_check(scratch, bytes, 64) != NORMC_C_OK)");
  line("    return NORMC_C_SCRATCH;");
  out += writePerVersion(versions, "NORMC_C_UNSUPPORTED", writeCalls);
  line("  return NORMC_C_OK;");
  line("}");
  line("");
}

Result<std::string> HeaderWriter::write() {
  nameThings();
  if (Status status = orderWords(); !status)
    return status.error();
  writeComment();
  line("#ifndef NORMC_KERNEL_" + name + "_H");
  line("#define NORMC_KERNEL_" + name + "_H");
  line("");
  line("#include <stddef.h>");
  line("#include <stdint.h>");
  out += getCFeatureHelpers(llvm::Triple(artifact.triple).getArchName().str());
  line("");
  line("#ifdef __cplusplus");
  line("extern \"C\" {");
  line("#endif");
  line("");
  out += kCHelpers;
  line("");
  writeDeclarations();
  out += writeVersionChoice(name, versions) + "\n";
  writeSizeCheck();
  writeScratchBytes();
  writeKernel();
  line("#ifdef __cplusplus");
  line("}");
  line("#endif");
  line("");
  line("#endif /* NORMC_KERNEL_" + name + "_H */");
  return std::move(out);
}

/// What a caller must agree with in every version, as bytes.
static std::string describeCall(Artifact facts) {
  facts.triple = facts.cpu = "";
  facts.requiredFeatures.clear();
  facts.inPlace.clear();
  facts.stages.clear();
  facts.scratchBytes = SizeExpr::constant(0);
  facts.image.clear();
  return serialize(facts);
}

Result<std::string> normc::writeCHeader(llvm::ArrayRef<CVersion> versions) {
  for (const CVersion &version : versions)
    if (describeCall(version.facts) != describeCall(versions[0].facts))
      return Error{ErrorKind::Internal,
                   "expected versions that are called in one way, but '" +
                       version.targetName + "' differs from '" +
                       versions[0].targetName + "'"};
  return HeaderWriter(versions).write();
}
