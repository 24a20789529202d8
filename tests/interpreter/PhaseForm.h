//===- PhaseForm.h - the phase form of a text -------------------*- C++ -*-===//
//
// Compiles a text as far as the interpreter needs it: to the one norm.program
// that this machine would run.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_PHASEFORM_H
#define NORMC_TESTS_INTERPRETER_PHASEFORM_H

#include "compiler/Pipeline.h"
#include "compiler/Session.h"
#include "dialects/norm/Norm.h"

#include <string>

namespace normc::interpreter {

/// The phase form of a kernel, in a session of its own.
class PhaseForm {
public:
  explicit PhaseForm(const std::string &text) {
    module = session.parse(text, "test");
    if (!module || mlir::failed(runPipeline(*module, Target::native(),
                                            Emit::Phases, nullptr)))
      problem = session.takeError().message;
  }

  /// Why there is no program; empty if there is one.
  const std::string &error() const { return problem; }

  norm::ProgramOp program() {
    return *module->getOps<norm::ProgramOp>().begin();
  }

private:
  Session session;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string problem;
};

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_PHASEFORM_H
