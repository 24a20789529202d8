//===- Together.cpp - instances and rows that are taken together ----------===//

#include "compiler/schedule/Chooser.h"

#include "mlir/Dialect/Math/IR/Math.h"
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
  int row = -1, block = structure.blockDim();
  DimSet within = parallel;
  if (block >= 0)
    within = within - DimSet::one(unsigned(block));
  for (unsigned dim : structure.memoryOrder())
    if (within.contains(dim))
      row = int(dim);
  if (row < 0 || within != DimSet::one(unsigned(row)) ||
      ShapedType::isDynamic(extent(row)) ||
      (block >= 0 && extent(row) % most != 0))
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

/// Whether the results along the lanes have 8 bits an element.
bool Chooser::writesBytes() const {
  SmallVector<Type> written = writtenAlongLanes();
  return !written.empty() && llvm::all_of(written, [](Type type) {
    return type.getIntOrFloatBitWidth() == 8;
  });
}

bool Chooser::findBlock(int64_t width, int64_t unroll) const {
  int64_t size = findRun().points;
  return readsAgain() && isRow() && !ShapedType::isDynamic(size) &&
         size % width == 0 && size <= width * unroll && writesBytes();
}

/// Whether a body has functions that take many instructions.
bool Chooser::takesFunctions() const {
  return llvm::any_of(*structure.kernel().getBlock(), [](Operation &op) {
    return isa<math::MathDialect>(op.getDialect()) &&
           !isa<math::FmaOp, math::AbsFOp, math::SqrtOp, math::RsqrtOp>(op);
  });
}

/// Whether something is read along the lanes that is the same for all rows.
bool Chooser::sharesLanes() const {
  KernelOp kernel = structure.kernel();
  DimSet own = findRun().dims;
  return llvm::any_of(kernel.getInputMaps(), [&](Attribute map) {
    DimSet dims = toDimSet(structure.space(), cast<MapAttr>(map));
    return dims.contains(unsigned(lane)) && (dims - own).empty();
  });
}

/// Whether an instance reads its own rows of an input, along the lanes.
bool Chooser::isRowInput(unsigned i) const {
  DimSet dims = toDimSet(structure.space(), structure.kernel().getInputMap(i));
  return dims.contains(unsigned(lane)) && (parallel - dims).empty();
}

/// Bytes of a row's own that are read, or written: the mean of both.
int64_t Chooser::ownRowBytes() const {
  return instanceBytes(/*ownOnly=*/true) / 2;
}

/// Whether rows can be written while others are read, and have room for it.
bool Chooser::pipelinesRows(int64_t width) {
  int64_t size = findRun().points;
  // Streamed vectors of every row start at the same place in it.
  if (choosePrefetch() == 0 || !isRow() || ShapedType::isDynamic(size) ||
      size % width != 0)
    return false;
  // Groups of 4 MB, eight of them under way, leave no cache for each other: 43%
  // of a copy, one after the other 56%. Of 370 KB it is 76 and 63%.
  return 8 * ownRowBytes() <= machine.llcBytes / 4;
}

/// How many rows are taken beside each other, or written while as many are
/// read.
int64_t Chooser::chooseRows(int64_t width) {
  if (int dim = sharingDim(); dim >= 0 && !parallel.contains(unsigned(dim)) &&
                              !ShapedType::isDynamic(extent(lane)) &&
                              extent(lane) % width == 0) {
    because("rows", "4 rows, each of its own part, share the loads of what is "
                    "the same for them: 103% of a copy, one after the other "
                    "94%");
    return 4;
  }
  if (isBlock) {
    because("rows",
            "the few values of a block wait for its scale, a long chain, "
            "while another block computes: 0.77 to 1 of the time; four "
            "at a time LLVM puts one after the other");
    return 2;
  }
  if (int64_t together = rowsOfPieces(width); together > 1) {
    because("rows", "4 rows share what is loaded and blended for their pieces");
    return together;
  }
  return pipelinesRows(width) ? choosePipelinedRows() : 1;
}

/// Rows that are written while as many are read, which sums over rows are added
/// to meanwhile.
int64_t Chooser::chooseRowsOfColumns(int64_t rowBytes) {
  // From 2048 of bf16 on, a row's tensors and the sums that it adds to leave no
  // room in the nearest cache: by twos 66% of a copy, one after the other 59%;
  // of 1536 65 and 81%.
  constexpr int64_t nearBytes = 6 << 10;
  if (rowBytes < nearBytes && movesHalves()) {
    because("rows",
            "sums over rows make many instructions for few bytes: both "
            "loops at once are 45 to 55% of a copy, one after the other "
            "60 to 80%");
    return 1;
  }
  because("rows", "writing rows while the next are read, which sums over "
                  "rows are added to meanwhile: 55 to 85% of a copy, one "
                  "after the other 45 to 60%; two of long ones, since each "
                  "is several streams");
  return rowBytes < nearBytes ? 4 : 2;
}

/// Rows that are written while as many are read.
int64_t Chooser::choosePipelinedRows() {
  constexpr int64_t shortBytes = 4 << 10, blockBytes = 1 << 10;
  int64_t rowBytes = ownRowBytes();
  if (rowBytes < blockBytes && writesBytes()) {
    because("rows",
            "the few values of a block wait for its scale, a long chain, "
            "while those of others are read: 0.6 of the time");
    return 4;
  }
  constexpr int64_t many = 4, floatBytes = 4;
  int64_t size = findRun().points;
  auto inputs = llvm::seq(structure.kernel().getNumOperands());
  bool areMany =
      llvm::count_if(inputs, [&](unsigned i) { return isRowInput(i); }) > 1 ||
      instanceBytes(/*ownOnly=*/true) >= many * floatBytes * size;
  // Without what all rows read along the lanes, only memory can gain. (bf16 of
  // several streams: AdaLN-Zero of 4096 on two threads 91% of a copy by twos,
  // one after the other 71%; of 768 57 and 68%.)
  bool isShort = rowBytes < kLongRowBytes;
  if (!sharesLanes() && ((movesHalves() && !areMany) || isShort)) {
    because("rows", "nothing is read along the rows but their own: bf16 gains "
                    "by a prefetch alone, 75 to 80% of a copy and not 60");
    return 1;
  }
  if (!stage.partial.empty())
    return chooseRowsOfColumns(rowBytes);
  if (areMany && (movesHalves() || !isShort) && !takesFunctions()) {
    because("rows", "each of the rows is several streams, which share few sets "
                    "of the nearest cache: by twos 0.65 to 1 of the time");
    return 2;
  }
  if (movesHalves()) {
    because("rows", "scale and shift are widened once for all of them, and the "
                    "ends of rows overlap: of bf16 55 to 75% of a copy, one "
                    "after the other 40 to 60%");
    return rowBytes < shortBytes ? 8 : 4;
  }
  if (!isShort) {
    because("rows", "writing 4 rows while the next 4 are read: 80 to 95% of a "
                    "copy, one after the other 60 to 70%; rows of less than "
                    "8 KB overlap by themselves");
    return 4;
  }
  // By twos softmax gains nothing, and takes 30 ms to compile and not 14.
  if (stage.complete.size() < 2 || takesFunctions())
    return 1;
  because("rows",
          "the ends of two rows with several sums overlap: 1.3 times as "
          "fast in the nearest caches");
  return 2;
}
