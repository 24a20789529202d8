//===- Validation.cpp - whether an artifact can be trusted ----------------===//

#include "runtime/Validation.h"

#include "runtime/Checks.h"
#include "runtime/SizeProgram.h"

#include <bit>
#include <string>

using namespace normc;

static Error fail(const Artifact &artifact, ErrorKind kind,
                  const std::string &message) {
  return {kind, "artifact '" + artifact.name + "': " + message};
}

static Error malformed(const Artifact &artifact, const std::string &message) {
  return fail(artifact, ErrorKind::Internal, message);
}

static Status checkVersionAndLimits(const Artifact &artifact) {
  if (artifact.formatVersion != Artifact::kFormatVersion)
    return fail(artifact, ErrorKind::Environment,
                "expected format version " +
                    std::to_string(Artifact::kFormatVersion) + ", but got " +
                    std::to_string(artifact.formatVersion));
  if (Status status = checkLimits(artifact); !status)
    return fail(artifact, status.error().kind, status.error().message);
  return {};
}

static Status checkArgument(const Artifact &artifact, size_t index) {
  const ArgumentFacts &facts = artifact.arguments[index];
  std::string prefix = "argument '" + facts.name + "': ";
  if (facts.name.empty())
    return malformed(artifact, "expected argument " + std::to_string(index) +
                                   " to have a name, but got none");
  for (size_t other = 0; other < index; ++other)
    if (artifact.arguments[other].name == facts.name)
      return malformed(artifact, prefix + "expected its name once, but got it "
                                          "twice");
  if (byteSize(facts.dtype) == 0)
    return malformed(artifact, prefix + "expected an element type, but got " +
                                   std::to_string(int(facts.dtype)));
  if (facts.alignment < 1 ||
      !std::has_single_bit(static_cast<uint64_t>(facts.alignment)))
    return malformed(artifact,
                     prefix + "expected a power of two as alignment, but got " +
                         std::to_string(facts.alignment));
  auto words = static_cast<int64_t>(artifact.words.size());
  for (size_t axis = 0; axis < facts.axes.size(); ++axis) {
    const AxisFacts &axisFacts = facts.axes[axis];
    if (!isWellFormed(axisFacts.extent, words) ||
        (!axisFacts.stride.steps.empty() && !axisFacts.stride.isConstant() &&
         !isWellFormed(axisFacts.stride, words)))
      return malformed(artifact, prefix + "malformed size expression on axis " +
                                     std::to_string(axis));
  }
  return {};
}

static Status checkWords(const Artifact &artifact) {
  for (size_t word = 0; word < artifact.words.size(); ++word) {
    const WordSource &source = artifact.words[word];
    if (source.argument < 0 ||
        source.argument >= static_cast<int64_t>(artifact.arguments.size()) ||
        source.axis < 0 ||
        source.axis >= static_cast<int64_t>(
                           artifact.arguments[source.argument].axes.size()))
      return malformed(artifact,
                       "expected word " + std::to_string(word) +
                           " to name an axis of an argument, but got axis " +
                           std::to_string(source.axis) + " of argument " +
                           std::to_string(source.argument));
  }
  return {};
}

static Status checkInPlace(const Artifact &artifact) {
  auto count = static_cast<int64_t>(artifact.arguments.size());
  for (const InPlacePair &pair : artifact.inPlace)
    if (pair.input < 0 || pair.input >= count || pair.output < 0 ||
        pair.output >= count || artifact.arguments[pair.input].isOutput ||
        !artifact.arguments[pair.output].isOutput)
      return malformed(
          artifact, "expected an input and an output as in-place pair, but got "
                    "arguments " +
                        std::to_string(pair.input) + " and " +
                        std::to_string(pair.output));
  return {};
}

static Status checkPrograms(const Artifact &artifact) {
  auto words = static_cast<int64_t>(artifact.words.size());
  for (const DivisibilityFact &fact : artifact.divisibility) {
    if (!isWellFormed(fact.value, words))
      return malformed(artifact,
                       "malformed size expression of " + fact.description);
    if (fact.divisor < 1)
      return malformed(artifact, "expected a positive divisor of " +
                                     fact.description + ", but got " +
                                     std::to_string(fact.divisor));
  }
  for (const MinimumFact &fact : artifact.minimums)
    if (!isWellFormed(fact.value, words))
      return malformed(artifact,
                       "malformed size expression of " + fact.description);
  if (artifact.stages.empty())
    return malformed(artifact, "expected at least 1 stage, but got 0");
  for (const StageFacts &stage : artifact.stages) {
    if (stage.entry.empty())
      return malformed(artifact,
                       "expected each stage to name its entry, but got none");
    if (!isWellFormed(stage.chunkCount, words))
      return malformed(artifact,
                       "malformed chunk count of stage '" + stage.entry + "'");
    if (stage.chunksPerBlock < 0)
      return malformed(artifact, "expected a block of stage '" + stage.entry +
                                     "' to have chunks, but got " +
                                     std::to_string(stage.chunksPerBlock));
    if (stage.offset < 0 ||
        stage.offset >= static_cast<int64_t>(artifact.image.size()))
      return malformed(artifact, "expected the entry of stage '" + stage.entry +
                                     "' within the image's " +
                                     std::to_string(artifact.image.size()) +
                                     " bytes, but got offset " +
                                     std::to_string(stage.offset));
  }
  if (!isWellFormed(artifact.scratchBytes, words))
    return malformed(artifact, "malformed size expression of scratch memory");
  return {};
}

/// An argument's number, or -1 where there is none.
static bool isArgument(const Artifact &artifact, int32_t index) {
  return index >= -1 && index < static_cast<int64_t>(artifact.arguments.size());
}

static Status checkNorms(const Artifact &artifact) {
  for (const DeclaredNorm &norm : artifact.norms)
    for (int32_t index : {norm.input, norm.mean, norm.variance})
      if (!isArgument(artifact, index))
        return malformed(artifact, "expected a declared norm to name an "
                                   "argument or -1, but got " +
                                       std::to_string(index));
  return {};
}

Status normc::validateArtifact(const Artifact &artifact) {
  if (Status status = checkVersionAndLimits(artifact); !status)
    return status;
  for (size_t i = 0; i < artifact.arguments.size(); ++i)
    if (Status status = checkArgument(artifact, i); !status)
      return status;
  if (Status status = checkWords(artifact); !status)
    return status;
  if (Status status = checkInPlace(artifact); !status)
    return status;
  if (Status status = checkNorms(artifact); !status)
    return status;
  return checkPrograms(artifact);
}
