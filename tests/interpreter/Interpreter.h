//===- Interpreter.h - executes the phase form ------------------*- C++ -*-===//
//
// Runs a `norm.program` on buffers in plain C++, and logs every address. It is
// the tests' second executor: it knows the dialect and nothing of the
// compiler's lowering.
//
// The order is the one that the phase form describes, on one worker: stages,
// chunks, instances, phases, points. Within a phase, points along the innermost
// dim go through the body in batches of up to 64 wherever that is no different
// from one after another. Where the lane dim is parallel, an instance is a
// block of `width` points that go through each phase together.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_INTERPRETER_H
#define NORMC_TESTS_INTERPRETER_INTERPRETER_H

#include "dialects/norm/Norm.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace normc::interpreter {

/// One argument of a program. The buffer is the caller's.
struct BufferView {
  /// The element at index [0, ..., 0]; elements are of the view's type.
  void *data = nullptr;
  std::vector<int64_t> shape;
  /// In elements, of any sign; empty for row-major without gaps.
  std::vector<int64_t> strides;
};

/// One read or write of an element.
struct MemoryAccess {
  uint64_t address = 0;
  uint32_t bytes = 0;
  /// Position among the program's stages.
  uint32_t stage = 0;
  /// Position among the program's arguments, followed by its scratch views.
  uint32_t view = 0;
  bool isArgument = false;
  /// In memory that each instance has for itself.
  bool isLocal = false;
  bool isWrite = false;
};

/// Receives the log of a run, in order.
class AccessSink {
public:
  virtual ~AccessSink() = default;
  /// A stage begins; `residentBytes` is what its schedule claims.
  virtual void beginStage(unsigned stage, int64_t residentBytes) {}
  virtual void access(const MemoryAccess &access) = 0;
};

/// Runs `program` on `arguments`, its inputs followed by its outputs. Scratch
/// is filled with 0xFF bytes (NaN in every float type), so that a read of what
/// was not written shows.
///
/// The error says what does not fit between program and arguments, or which
/// operation or type the interpreter does not know. After an error the outputs
/// may be partly written.
llvm::Error interpret(norm::ProgramOp program,
                      llvm::ArrayRef<BufferView> arguments,
                      AccessSink *sink = nullptr);

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_INTERPRETER_H
