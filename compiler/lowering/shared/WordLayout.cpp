//===- WordLayout.cpp - the words of a program's calls --------------------===//

#include "compiler/lowering/shared/WordLayout.h"

#include "compiler/lowering/shared/CNames.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

WordLayout::WordLayout(ProgramOp program) {
  for (BlockArgument argument : program.getBlock()->getArguments()) {
    auto type = cast<ViewType>(argument.getType());
    unsigned number = argument.getArgNumber();
    for (auto [axis, extent] : llvm::enumerate(type.getShape()))
      if (ShapedType::isDynamic(extent))
        list.push_back({number, unsigned(axis), false});
    for (auto [axis, stride] : llvm::enumerate(type.getStrides()))
      if (ShapedType::isDynamic(stride))
        list.push_back({number, unsigned(axis), true});
  }
}

int WordLayout::find(unsigned argument, unsigned axis, bool isStride) const {
  for (auto [i, word] : llvm::enumerate(list))
    if (word.argument == argument && word.axis == axis &&
        word.isStride == isStride)
      return int(i);
  return -1;
}

std::string normc::getStageEntry(ProgramOp program, unsigned index) {
  return toCFunctionName(program.getSymName()) + "_stage" +
         std::to_string(index);
}
