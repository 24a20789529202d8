//===- Emit.cpp - the stages of the pipeline by name ----------------------===//

#include "normc/Compiler.h"

#include "normc/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace normc;

static constexpr EmitInfo kEmits[] = {
    {Emit::Norm, "norm", "the declaration, as parsed"},
    {Emit::Kernel, "kernel", "scalar programs with collectives"},
    {Emit::Precision, "precision", "every rounding made explicit"},
    {Emit::Fused, "fused", "neighbours merged, unused kernels removed"},
    {Emit::Scheduled, "scheduled", "with a schedule for the target"},
    {Emit::Phases, "phases", "stages and phases"},
    {Emit::Vector, "vector", "vector code of the target"},
    {Emit::LlvmDialect, "llvm-dialect", "MLIR's LLVM dialect"},
    {Emit::Llvm, "llvm", "LLVM IR"},
    {Emit::Assembly, "asm", "assembly, or PTX"},
    {Emit::Object, "obj", "a relocatable object file"},
    {Emit::Header, "header", "a C header for the object file"},
    {Emit::Artifact, "artifact", "a saved kernel, which normc run loads"},
};

std::span<const EmitInfo> normc::listEmits() { return kEmits; }

std::string_view normc::toString(Emit stage) {
  for (const EmitInfo &info : kEmits)
    if (info.stage == stage)
      return info.name;
  return "?";
}

Result<Emit> normc::parseEmit(std::string_view name) {
  std::vector<std::string_view> known;
  for (const EmitInfo &info : kEmits) {
    if (info.name == name)
      return info.stage;
    known.push_back(info.name);
  }
  return Error{ErrorKind::InvalidSpec,
               "expected one of " +
                   llvm::join(llvm::map_range(known,
                                              [](std::string_view each) {
                                                return std::string(each);
                                              }),
                              ", ") +
                   " to emit, but got '" + std::string(name) + "'" +
                   suggest(name, known)};
}
