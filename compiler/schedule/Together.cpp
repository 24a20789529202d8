//===- Together.cpp - instances and rows that are taken together ----------===//

#include "compiler/schedule/Chooser.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Of rows of pieces that have the same values in every row: how many are taken
/// together, so that these are loaded and blended once; else 1.
int64_t Chooser::rowsOfPieces(int64_t width) const {
  constexpr int64_t most = 4;
  Run run = findRun();
  if (stage.hasCollectives() || !isRow() || ShapedType::isDynamic(run.points) ||
      run.length == run.points || run.length > kLongPiece ||
      run.length < width || run.length % width == 0 || run.points % width != 0)
    return 1;
  int row = -1;
  for (unsigned dim : structure.memoryOrder())
    if (parallel.contains(dim))
      row = int(dim);
  if (row < 0 || parallel != DimSet::one(unsigned(row)) ||
      ShapedType::isDynamic(extent(row)))
    return 1;
  ArrayRef<StringAttr> names = structure.space().getNames();
  bool isShared =
      llvm::all_of(structure.kernel().getInputMaps(), [&](Attribute map) {
        return cast<MapAttr>(map).uses(names[lane]) ||
               !cast<MapAttr>(map).uses(names[row]);
      });
  int64_t rows = std::min(most, extent(row));
  return isShared && rows > 1 ? int64_t(llvm::bit_floor(uint64_t(rows))) : 1;
}

/// Whether instances are so short that what stands between their loops is
/// better done for some of them at once. (Which of them are, their code
/// decides.)
bool Chooser::takesInstancesTogether() const {
  int innermost = -1;
  for (unsigned dim : structure.memoryOrder())
    if (parallel.contains(dim))
      innermost = int(dim);
  if (!stage.hasCollectives() || lane < 0 || innermost < 0 ||
      parallel.contains(unsigned(lane)) || !isRow())
    return false;
  int64_t points = findRun().points;
  return !ShapedType::isDynamic(points) && points <= kTogetherBytes / 2 &&
         !ShapedType::isDynamic(extent(innermost)) &&
         extent(innermost) % kInstancesTogether == 0;
}
