//===- BodyEmitter.h - widens a scalar body to vectors ----------*- C++ -*-===//
//
// Emits the scalar ops of a phase or an instance at one position: ops that
// depend on the lane dim become vector ops, the rest stays scalar. Addresses
// are made here, for every target.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_BODYEMITTER_H
#define NORMC_COMPILER_LOWERING_SHARED_BODYEMITTER_H

#include "compiler/lowering/shared/Instructions.h"
#include "compiler/lowering/shared/LaneOrder.h"
#include "compiler/lowering/shared/ViewTable.h"

#include "mlir/IR/IRMapping.h"

namespace normc {

/// A view whose whole vectors are stored past the caches.
struct Streamed {
  mlir::Value view;
  mlir::Value when; ///< The i1 under which they are; null where it is certain.
};

/// Where code is emitted for: the coordinate of every dim that is fixed here,
/// and the mask of valid lanes.
struct Position {
  /// i64 per dim of the stage; null for a dim that is not fixed. Of the lane
  /// dim, the coordinate of the first lane.
  llvm::SmallVector<mlir::Value> coordinates;
  /// True while the lane dim is among the fixed ones: values vary along it.
  bool hasLanes = false;
  /// vector<width x i1>; null when all lanes are valid.
  mlir::Value mask;
  /// True where the mask is known to leave the first lane only.
  bool onlyFirstLane = false;
  /// What goes past the caches. Where the first does, rows begin with parts of
  /// vectors up to a multiple of a vector's size in it; the others are those in
  /// which this is one, too.
  llvm::SmallVector<Streamed, 2> streamed;
  /// Of the instance whose operands are fetched ahead, the coordinates in which
  /// it differs (null elsewhere); empty where nothing is fetched.
  llvm::SmallVector<mlir::Value> ahead;
  /// Instances that are emitted together, from this one on: so many points of
  /// the one parallel dim.
  int64_t instances = 1;
  /// Which of the places of local memory this instance has, i64; null where
  /// instances come one after the other.
  mlir::Value place = {};
};

/// What is the same everywhere in one lowered stage.
struct StageContext {
  norm::StageOp stage;
  const ViewTable &views;
  llvm::SmallVector<mlir::Value> extents; ///< i64 per dim of the stage.
  int64_t lane;                           ///< Position of the lane dim, or -1.
  int64_t width;                          ///< Lanes of a vector.
  Instructions instructions;
  LaneOrder order;

  StageContext(norm::StageOp stage, const ViewTable &views,
               mlir::ImplicitLocOpBuilder &b, Instructions instructions);
  norm::SpaceAttr space() const { return dims; }
  /// Whether vectors side by side are rounded to bf16 together.
  bool roundsTogether() const {
    return instructions.hasBF16Dot && width == kBF16Lanes;
  }

private:
  norm::SpaceAttr dims;
};

/// Emits ops of one block at one position. Values of the phase form map to
/// scalars, or to vectors of `width` where they vary along the lanes.
class BodyEmitter {
public:
  BodyEmitter(const StageContext &context, mlir::ImplicitLocOpBuilder &b,
              const Position &position, mlir::IRMapping &values)
      : context(context), b(b), position(position), values(values) {}

  /// Emits one op that is not a phase.
  void emit(mlir::Operation &op);

  /// The random words of bodies side by side along the lanes, this one the
  /// first of them: in each of `copies` are the values of one. Made together,
  /// since the rounds of one block wait for each other.
  void emitPhilox(norm::PhiloxOp op,
                  llvm::MutableArrayRef<mlir::IRMapping> copies);

  /// Asks for the cache line that a load will need in the instance ahead.
  void prefetch(norm::LoadOp op);
  /// What has been accumulated so far at this position, and its new value.
  mlir::Value loadTotal(norm::AccumulateOp op) {
    return load(op.getView(), op.getMap());
  }
  /// `total` ⊕ the op's value, as vectors. A product becomes part of the sum,
  /// as in any collective.
  mlir::Value addTo(norm::AccumulateOp op, mlir::Value total);
  void storeTotal(norm::AccumulateOp op, mlir::Value total) {
    store(total, op.getView(), op.getMap());
  }
  /// The address that a store has at this position, as i64.
  mlir::Value addressOf(norm::StoreOp op);

  /// A value as a vector of all lanes, broadcast if it is a scalar.
  mlir::Value toVector(mlir::Value value);
  /// The emitted form of a value of the phase form.
  mlir::Value lookup(mlir::Value value) { return values.lookup(value); }

private:
  struct Access {
    mlir::Value pointer;
    mlir::Value laneStride; ///< Null where the address doesn't vary by lane.
    unsigned alignment;     ///< What the pointer is a multiple of, in bytes.
  };

  Access address(mlir::Value view, norm::MapAttr map, bool inbounds = true);
  mlir::Value load(mlir::Value view, norm::MapAttr map);
  void store(mlir::Value value, mlir::Value view, norm::MapAttr map);
  void accumulate(norm::AccumulateOp op);
  mlir::Value lanePointers(const Access &access, mlir::Type element);
  mlir::Value laneNumbers();
  void emitIndex(norm::IndexOp op);
  mlir::Value firstOfRun(mlir::Value value);
  mlir::Value toI64(mlir::Value value);
  void widen(mlir::Operation &op);

  const StageContext &context;
  mlir::ImplicitLocOpBuilder &b;
  const Position &position;
  mlir::IRMapping &values;
};

/// The mask of all lanes.
mlir::Value makeTrueMask(mlir::ImplicitLocOpBuilder &b, int64_t width);

/// The mask of the first `count` (i64) of `width` lanes; of none where that is
/// negative.
mlir::Value makeMask(mlir::ImplicitLocOpBuilder &b, mlir::Value count,
                     int64_t width);

/// True for a vector value.
inline bool isVector(mlir::Value value) {
  return llvm::isa<mlir::VectorType>(value.getType());
}

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_BODYEMITTER_H
