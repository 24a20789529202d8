//===- PreparedTarget.h - a target that LLVM was asked about ----*- C++ -*-===//
//
// What need not be found out again for every compilation: that LLVM takes a
// target, which features its code needs, and LLVM's machines for it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_PREPAREDTARGET_H
#define NORMC_COMPILER_CODEGEN_PREPAREDTARGET_H

#include "normc/Target.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
}

namespace normc {

/// A valid target. Thread safe.
class PreparedTarget : public std::enable_shared_from_this<PreparedTarget> {
public:
  /// The same object as before for a target that is equal, field by field, to
  /// one of the last few that were asked for. Errors as validateTarget.
  static Result<std::shared_ptr<PreparedTarget>> of(const Target &target);

  explicit PreparedTarget(const Target &target);
  ~PreparedTarget();

  const Target &target() const { return described; }
  const std::vector<std::string> &requiredFeatures() const { return features; }

  /// A machine that nobody else has, and that the last owner gives back: a new
  /// one costs 0.4 ms of its first compilation, for LLVM's tables of the
  /// processor. Null where this LLVM has no code generator for the target.
  std::shared_ptr<llvm::TargetMachine> borrowMachine();

private:
  void giveBack(std::unique_ptr<llvm::TargetMachine> machine);

  const Target described;
  const std::vector<std::string> features;
  std::mutex mutex;
  std::vector<std::unique_ptr<llvm::TargetMachine>> idle; ///< Under `mutex`.
};

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_PREPAREDTARGET_H
