//===- CallPlan.h - the checks of a call, worked out at load ----*- C++ -*-===//
//
// An artifact's facts in the form in which a call is checked fastest: flat
// tables, each size computed once, and no messages.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CALLPLAN_H
#define NORMC_RUNTIME_CALLPLAN_H

#include "runtime/Checks.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace normc {

/// Recognises calls that checkCall accepts. It checks all that checkCall does,
/// but leaves what is rare to it: tensors without elements, strides that don't
/// fall from axis to axis, ranges that meet without being one view. Immutable.
class CallPlan {
public:
  /// Of an artifact that validateArtifact accepted; refers to nothing in it.
  explicit CallPlan(const Artifact &artifact);

  /// True where checkCall would accept the call, with `frame` filled in as it
  /// would. False says nothing: ask checkCall.
  bool accepts(std::span<const TensorRef *const> args, CallFrame &frame) const;

private:
  /// Where a value is among a call's: first the words, then constants, then
  /// what is computed.
  using Slot = int16_t;
  static constexpr Slot kAny = -1;

  struct Axis {
    Slot extent;
    Slot stride; ///< kAny: not looked at.
  };
  struct Argument {
    uint64_t alignmentMask;
    int64_t elementBytes;
    /// Bit i: the argument may be the same view as argument i.
    uint64_t inPlaceWith;
    uint16_t firstAxis;
    uint8_t rank;
    DType dtype;
    bool isOutput;
  };
  struct Word {
    uint8_t argument;
    uint8_t axis;
    bool isStride;
  };
  /// result = a op b; the result's slot is the next one.
  struct Step {
    SizeExpr::Op op;
    Slot a, b;
    bool operator==(const Step &) const = default;
  };
  struct Divisibility {
    Slot value;
    int64_t divisor;
  };
  struct Minimum {
    Slot value;
    int64_t minimum;
  };

  bool compile(const Artifact &artifact);
  bool compileArguments(const Artifact &artifact);
  void collectConstants(const Artifact &artifact);
  std::optional<Slot> slotOf(const SizeExpr &expr);
  std::optional<Slot> slotOfPush(const SizeExpr::Step &step, bool isAlone);
  std::optional<Slot> slotOfStep(const Step &step);

  bool hasForms(std::span<const TensorRef *const> args) const;
  void gatherWords(std::span<const TensorRef *const> args,
                   int64_t *values) const;
  bool computeValues(int64_t *values) const;
  bool checkTensor(const Argument &argument, const TensorRef &tensor,
                   const int64_t *values, ByteRange &range) const;
  bool areApart(std::span<const TensorRef *const> args,
                const CallFrame &frame) const;

  /// False where an artifact is too odd: then no call is accepted.
  bool isUsable = false;
  std::vector<Argument> arguments;
  std::vector<Axis> axes; ///< Of all arguments.
  std::vector<Word> words;
  std::vector<int64_t> constants;
  std::vector<Step> steps;
  /// Words that are strides and that sizes are computed from: such a size has
  /// no value where the stride is negative.
  std::vector<Slot> nonNegative;
  std::vector<Divisibility> divisibility;
  std::vector<Minimum> minimums;
  std::vector<int> outputs;
  std::vector<Slot> chunkCounts;
  Slot scratchBytes = 0;
};

} // namespace normc

#endif // NORMC_RUNTIME_CALLPLAN_H
