//===- BatchSafety.cpp - how many points may go through a body together ---===//

#include "tests/interpreter/StagePlan.h"

#include <algorithm>

using namespace normc::interpreter;

/// The addresses that a stage may touch: from the first to behind the last.
static std::pair<intptr_t, intptr_t> getRange(const StagePlan &plan,
                                              const Address &address) {
  auto low = reinterpret_cast<intptr_t>(address.base), high = low;
  for (auto [dim, bytes] : address.terms)
    (bytes < 0 ? low : high) +=
        bytes * std::max<int64_t>(plan.extents[dim] - 1, 0);
  return {low, high + address.element.getBytes()};
}

/// True where a point may touch with `a` what another point of the batch
/// touches with `b`. The same map is safe, since a batch runs every instruction
/// in the order of its points, unless it sends two points to one element.
static bool interfere(const StagePlan &plan, const Address &a,
                      const Address &b) {
  auto [lowA, highA] = getRange(plan, a);
  auto [lowB, highB] = getRange(plan, b);
  if (highA <= lowB || highB <= lowA)
    return false;
  return a.base != b.base || a.terms != b.terms || a.laneStride == 0 ||
         a.element.getBytes() != b.element.getBytes();
}

unsigned normc::interpreter::chooseBatch(const StagePlan &plan,
                                         const PhasePlan &phase) {
  using Kind = Instruction::Kind;
  for (const Instruction &a : phase.body.instructions) {
    if (a.kind != Kind::Store && a.kind != Kind::Accumulate)
      continue;
    for (const Instruction &b : phase.body.instructions)
      if (&a != &b && b.kind != Kind::Scalar && b.kind != Kind::Index &&
          interfere(plan, plan.addresses[a.number], plan.addresses[b.number]))
        return 1;
  }
  return kMaxLanes;
}
