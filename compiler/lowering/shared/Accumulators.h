//===- Accumulators.h - how contributions become a result -------*- C++ -*-===//
//
// The arithmetic of collectives, for every target. A block of contributions is
// added as a tree in their own type; block totals are carried on in twice the
// precision, so that the error of a sum does not grow with its length:
// constant rows make a plain f32 sum of 128 terms wrong by tens of ulp.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_ACCUMULATORS_H
#define NORMC_COMPILER_LOWERING_SHARED_ACCUMULATORS_H

#include "dialects/norm/Norm.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// The starting value of a collective, as a scalar of `type`.
mlir::Value makeIdentity(mlir::ImplicitLocOpBuilder &b, norm::ReduceKind kind,
                         mlir::Type type);
/// x ⊕ y, on scalars or vectors; a mean combines like a sum.
mlir::Value combine(mlir::ImplicitLocOpBuilder &b, norm::ReduceKind kind,
                    mlir::Value x, mlir::Value y);
/// All lanes of a vector combined, as a tree of halves.
mlir::Value combineLanes(mlir::ImplicitLocOpBuilder &b, norm::ReduceKind kind,
                         mlir::Value vector);

/// What a loop carries for one contribution: one value, or for f64 sums a value
/// and its error.
class Carry {
public:
  /// What is known of a sum's values, and of their lanes.
  struct Traits {
    /// They are f64, but an f32 holds them: their sum loses nothing that
    /// counts.
    bool areWidened = false;
    /// They are at most `kShort`: a tree of them is as good as it need be.
    bool areFew = false;
    /// None is below zero: the largest of them are the largest integers of
    /// their bits, and NaNs are larger.
    bool areMagnitudes = false;
    /// How many lanes are carried at most, where it doesn't matter which of
    /// them carries what; or 0.
    int64_t maxLanes = 0;
  };
  /// Values of f32 that the widest register of any target holds.
  static constexpr int64_t kRegister = 16;
  /// log2(kShort) additions, one after the other, stay within 4 ε.
  static constexpr int64_t kShort = 32;

  /// For contributions of `type`, a scalar or a vector type.
  Carry(norm::ReduceKind kind, mlir::Type type, Traits traits);

  /// Number of values that the loop carries.
  unsigned size() const { return compensated() ? 2 : 1; }
  /// The starting values.
  void appendInitial(mlir::ImplicitLocOpBuilder &b,
                     llvm::SmallVectorImpl<mlir::Value> &values) const;
  /// Two contributions, or totals of them, as one.
  mlir::Value join(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                   mlir::Value y) const;
  /// The carried values after one more block total, which may be f32 where
  /// `areWidened`.
  llvm::SmallVector<mlir::Value> add(mlir::ImplicitLocOpBuilder &b,
                                     mlir::ValueRange carried,
                                     mlir::Value total) const;
  /// All lanes of the carried vectors combined, as a tree of halves: carried
  /// scalars.
  llvm::SmallVector<mlir::Value> combineLanes(mlir::ImplicitLocOpBuilder &b,
                                              mlir::ValueRange carried) const;
  /// A carried vector with `lanes` lanes or fewer, those in excess combined as
  /// `combineLanes` does first.
  mlir::Value foldTo(mlir::ImplicitLocOpBuilder &b, mlir::Value total,
                     int64_t lanes) const;
  /// The lanes of each of `vectors`, a power of two of them, combined as
  /// `combineLanes` does where one value is carried: a lane for each.
  mlir::Value combineEach(mlir::ImplicitLocOpBuilder &b,
                          mlir::ValueRange vectors) const;
  /// One value of the carry's type, still per lane if there are lanes.
  mlir::Value collapse(mlir::ImplicitLocOpBuilder &b,
                       mlir::ValueRange carried) const;
  /// The result from the collapsed (and horizontally combined) carry: divided
  /// by `count` (f64) for a mean, in the contributions' element type.
  mlir::Value finish(mlir::ImplicitLocOpBuilder &b, mlir::Value carried,
                     mlir::Value count) const;

  norm::ReduceKind kind() const { return how; }

private:
  bool isSum() const {
    return how == norm::ReduceKind::add || how == norm::ReduceKind::mean;
  }
  mlir::Type element() const { return mlir::getElementTypeOrSelf(type); }
  /// Whether totals are added in their own type, and without their errors.
  bool plain() const;
  bool compensated() const;
  mlir::Value fold(mlir::ImplicitLocOpBuilder &b, mlir::Value total) const;
  mlir::Value joinFour(mlir::ImplicitLocOpBuilder &b, mlir::Value four) const;
  llvm::SmallVector<mlir::Value> merge(mlir::ImplicitLocOpBuilder &b,
                                       mlir::ValueRange x,
                                       mlir::ValueRange y) const;
  mlir::Type carryType() const;

  norm::ReduceKind how;
  mlir::Type type;
  Traits traits;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_ACCUMULATORS_H
