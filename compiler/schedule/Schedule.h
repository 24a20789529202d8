//===- Schedule.h - what a stage's schedule is chosen from ------*- C++ -*-===//
//
// The choice of a schedule for one stage of one kernel: a function of the
// kernel's structure and a few numbers of the machine, per kind of machine.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SCHEDULE_SCHEDULE_H
#define NORMC_COMPILER_SCHEDULE_SCHEDULE_H

#include "compiler/analysis/KernelStructure.h"

namespace normc {

/// The numbers of a machine that schedules depend on.
struct Machine {
  norm::TargetKind kind = norm::TargetKind::cpu;
  int64_t vectorBits = 512;             ///< A vector register's width.
  int64_t l2Bytes = int64_t(1) << 20;   ///< Second-level cache of a core.
  int64_t llcBytes = int64_t(32) << 20; ///< Last-level cache.
};

/// The schedule of stage `stage` of the kernel. Its parallel dims are those of
/// the structure's plan, in memory order; everything else is chosen.
norm::ScheduleAttr chooseSchedule(const KernelStructure &structure,
                                  const StagePlan &stage,
                                  const Machine &machine);

/// Rows that one partial result of a sum over rows holds: the f32 error of a
/// partial grows with it, the memory for partials shrinks (semantics:
/// determinism; at 256 rows they are 0.5% of the traffic of a bf16 backward).
inline constexpr int64_t kPartialRows = 256;

/// Pieces of a row that have more points than this have a loop each. A loop has
/// a part of a vector before it and one behind it, some 50 cycles; a blend of
/// two pieces' values takes 2 or 3 a vector.
inline constexpr int64_t kLongPiece = 1024;

/// Rows of as many bytes are written while others are read: shorter ones
/// overlap by themselves.
inline constexpr int64_t kLongRowBytes = 8 << 10;

/// As many short instances are emitted together, with a lane for each between
/// their loops: of f64 two registers of the widest vectors.
inline constexpr int64_t kInstancesTogether = 16;
/// Instances that read more bytes than this stay alone: while the sums of a
/// group are finished, memory waits. Planes of 392 bytes take 0.6 to 0.8 of the
/// time that they take one by one, of 784 bytes, eight together, 1.1.
inline constexpr int64_t kTogetherBytes = 512;

} // namespace normc

#endif // NORMC_COMPILER_SCHEDULE_SCHEDULE_H
