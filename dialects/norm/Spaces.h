//===- Spaces.h - which dims a kernel's values vary over --------*- C++ -*-===//
//
// K4 of the design: every value of a kernel body has a space. The verifier
// needs it (an output may not lose a dim), and so does every pass that asks
// what is computed where.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DIALECTS_NORM_SPACES_H
#define NORMC_DIALECTS_NORM_SPACES_H

#include "dialects/norm/Norm.h"
#include "llvm/ADT/DenseMap.h"

namespace normc::norm {

/// A set of dims of one kernel or stage, as positions in its `dims`.
class DimSet {
public:
  DimSet() = default;
  explicit DimSet(uint32_t bits) : bits(bits) {}
  static DimSet one(unsigned dim) { return DimSet(1u << dim); }

  bool contains(unsigned dim) const { return bits >> dim & 1u; }
  bool contains(DimSet other) const { return (other.bits & ~bits) == 0; }
  bool intersects(DimSet other) const { return (bits & other.bits) != 0; }
  bool empty() const { return bits == 0; }
  uint32_t raw() const { return bits; }

  DimSet operator|(DimSet other) const { return DimSet(bits | other.bits); }
  DimSet operator&(DimSet other) const { return DimSet(bits & other.bits); }
  /// The dims of this set that are not in `other`.
  DimSet operator-(DimSet other) const { return DimSet(bits & ~other.bits); }
  DimSet &operator|=(DimSet other) { return *this = *this | other; }
  bool operator==(const DimSet &) const = default;

private:
  uint32_t bits = 0;
};

/// The set of the named dims; names that `space` lacks are left out.
DimSet toDimSet(SpaceAttr space, DimsAttr names);
/// All dims that a map uses.
DimSet toDimSet(SpaceAttr space, MapAttr map);
/// The dims of a set in the order of `space`.
DimsAttr toDims(SpaceAttr space, DimSet set);
/// "[i, j]", for diagnostics.
std::string toString(SpaceAttr space, DimSet set);

/// The space of every value in a kernel's body.
class KernelSpaces {
public:
  explicit KernelSpaces(KernelOp kernel);
  /// The dims that `value` varies over.
  DimSet of(mlir::Value value) const { return spaces.lookup(value); }

private:
  llvm::DenseMap<mlir::Value, DimSet> spaces;
};

/// The value that a collective of this kind starts from, and skipped points
/// give: 0, 1, -inf or +inf.
llvm::APFloat getIdentity(ReduceKind kind, mlir::Type type);

/// True for an integer division or remainder, which traps on zero.
bool isIntegerDivision(mlir::Operation *op);

/// True if `op` is a collective: `norm.reduce` or `norm.moments`.
bool isCollective(mlir::Operation *op);
/// The dims that a collective combines over.
DimsAttr getOver(mlir::Operation *collective);

} // namespace normc::norm

#endif // NORMC_DIALECTS_NORM_SPACES_H
