//===- ShrinkGraph.h - the reduction that graphs need -----------*- C++ -*-===//
//
// A pass for mlir-reduce that makes a function on tensors smaller step by step.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORM_REDUCE_SHRINKGRAPH_H
#define NORMC_TOOLS_NORM_REDUCE_SHRINKGRAPH_H

/// Registers --shrink-graph.
void registerShrinkGraph();

#endif // NORMC_TOOLS_NORM_REDUCE_SHRINKGRAPH_H
