//===- DimUnifier.h - which dims of two kernels are one ---------*- C++ -*-===//
//
// Finds one iteration space for two kernels that touch a tensor in common.
// Where one has an axis as one dim and the other as several joined ones, the
// dim is split; extents that only one of them knows are known to both
// afterwards.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_DIMUNIFIER_H
#define NORMC_COMPILER_PASSES_NORM_DIMUNIFIER_H

#include "dialects/norm/Norm.h"

#include "llvm/ADT/DenseMap.h"

#include <array>
#include <string>

namespace normc {

/// The dims of one kernel as dims of a common space: one each, several (joined,
/// outermost first), or none for a dim of extent 1 that the other kernel lacks.
using DimParts = llvm::DenseMap<mlir::StringAttr, norm::DimsAttr>;

/// The common space of two kernels.
struct UnifiedDims {
  norm::SpaceAttr space;
  std::array<DimParts, 2> parts; ///< Of the first and of the second kernel.
};

/// Unifies dims step by step. A copy is cheap, so that a step can be tried.
class DimUnifier {
public:
  /// Two kernels with no dims in common yet.
  DimUnifier(norm::KernelOp first, norm::KernelOp second);

  /// Takes the dims along each axis of one tensor, as the two kernels' maps
  /// name them, for the same. False, with the reason, where that can't be:
  /// extents that don't factor, or two dims of one kernel that would be one;
  /// what was done up to there stays.
  bool unify(norm::MapAttr first, norm::MapAttr second);
  llvm::StringRef getReason() const { return reason; }

  /// True if the kernels have every dim of more than one point in common.
  bool haveEqualSpaces() const;

  /// The space, with the names of the kernel `preferred` (0 or 1) where it has
  /// them.
  UnifiedDims finish(unsigned preferred) const;

private:
  /// Numbers of atoms, outermost first.
  using Atoms = llvm::SmallVector<unsigned, 2>;

  Atoms flatten(unsigned side, norm::DimsAttr dims) const;
  bool uses(unsigned side, unsigned atom) const;
  unsigned makeAtom(int64_t extent);
  bool replace(unsigned atom, llvm::ArrayRef<unsigned> with);
  bool merge(unsigned a, unsigned b);
  bool unifyAxis(norm::DimsAttr first, norm::DimsAttr second);
  bool haveEqualOuter(llvm::ArrayRef<unsigned> left,
                      llvm::ArrayRef<unsigned> right) const;
  bool unifyInnermost(llvm::ArrayRef<unsigned> left,
                      llvm::ArrayRef<unsigned> right);
  bool split(llvm::ArrayRef<unsigned> whole, llvm::ArrayRef<unsigned> parts);
  std::string describe(unsigned side, norm::DimsAttr dims) const;
  llvm::SmallVector<mlir::StringAttr> nameAtoms(unsigned preferred) const;

  std::array<norm::SpaceAttr, 2> spaces;
  /// Per kernel and dim, the atoms that it is made of.
  std::array<llvm::SmallVector<Atoms>, 2> dims;
  llvm::SmallVector<int64_t> extents; ///< Per atom.
  std::string reason;
};

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_DIMUNIFIER_H
