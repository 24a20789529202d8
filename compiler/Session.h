//===- Session.h - one compilation's context and diagnostics ----*- C++ -*-===//
//
// An MLIR context with just the dialects that normc uses, and a place where the
// diagnostics of one compilation become an Error.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SESSION_H
#define NORMC_COMPILER_SESSION_H

#include "normc/Result.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace normc {

/// A context and how many compilations have used it.
struct PooledContext {
  std::unique_ptr<mlir::MLIRContext> context;
  int uses = 0;
};

/// Owns what one compilation needs; its context is lent by a pool. Not thread
/// safe; make one per compilation.
class Session {
public:
  Session();
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  mlir::MLIRContext &context() { return *pooled.context; }

  /// Parses and verifies; null, with a diagnostic, where that fails.
  mlir::OwningOpRef<mlir::ModuleOp> parse(std::string_view text,
                                          std::string_view sourceName);

  /// What was diagnosed so far: "file:line:column: message" lines. The
  /// kind is InvalidSpec, unless nothing was said at all.
  Error takeError();

  /// What passes remarked so far, each as its place, its text, and lines with
  /// notes.
  std::vector<std::string> takeRemarks() { return std::move(remarks); }

private:
  PooledContext pooled;
  std::unique_ptr<mlir::ScopedDiagnosticHandler> handler;
  std::string diagnostics;
  std::vector<std::string> remarks;
};

} // namespace normc

#endif // NORMC_COMPILER_SESSION_H
