//===- PresetReaders.h - the values of normc preset's options ---*- C++ -*-===//
//
// What the options of `normc preset` accept, and where it goes in the options'
// PresetOptions. Rows of OptionTable.cpp name these functions.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_PRESETREADERS_H
#define NORMC_TOOLS_NORMC_PRESETREADERS_H

#include "Options.h"

namespace normc::tool {

// Each reads one value, or returns a usage error that says what was expected.
Status readPresetName(llvm::StringRef value, Options &options);
Status readPresetShape(llvm::StringRef value, Options &options);
Status readDtype(llvm::StringRef value, Options &options);
Status readParameterDtype(llvm::StringRef value, Options &options);
Status readOutputDtype(llvm::StringRef value, Options &options);
Status readAxes(llvm::StringRef value, Options &options);
Status readEpsilon(llvm::StringRef value, Options &options);
Status readPlacement(llvm::StringRef value, Options &options);
Status readGroups(llvm::StringRef value, Options &options);
Status readPerGroup(llvm::StringRef value, Options &options);
Status readLayout(llvm::StringRef value, Options &options);
Status readP(llvm::StringRef value, Options &options);
Status readPartial(llvm::StringRef value, Options &options);
Status readUnfolded(llvm::StringRef value, Options &options);
Status readSpatial(llvm::StringRef value, Options &options);
Status readAffine(llvm::StringRef value, Options &options);
Status readScaleOffset(llvm::StringRef value, Options &options);
Status readRounding(llvm::StringRef value, Options &options);
Status readCorrection(llvm::StringRef value, Options &options);
Status readStrides(llvm::StringRef value, Options &options);
Status readSaved(llvm::StringRef value, Options &options);
Status readBias(llvm::StringRef value, Options &options);
Status readResidual(llvm::StringRef value, Options &options);
Status readResidualGate(llvm::StringRef value, Options &options);
Status readResidualOut(llvm::StringRef value, Options &options);
Status readRounded(llvm::StringRef value, Options &options);
Status readActivationBefore(llvm::StringRef value, Options &options);
Status readActivationAfter(llvm::StringRef value, Options &options);
Status readGate(llvm::StringRef value, Options &options);
Status readGateBefore(llvm::StringRef value, Options &options);
Status readGateDtype(llvm::StringRef value, Options &options);
Status readModulation(llvm::StringRef value, Options &options);
Status readDropout(llvm::StringRef value, Options &options);
Status readDropoutBefore(llvm::StringRef value, Options &options);
Status readSecond(llvm::StringRef value, Options &options);
Status readQuantize(llvm::StringRef value, Options &options);
Status readQuantizeScope(llvm::StringRef value, Options &options);
Status readScaleType(llvm::StringRef value, Options &options);
Status readInverseScale(llvm::StringRef value, Options &options);
Status readUpperBound(llvm::StringRef value, Options &options);
Status readSmallestScale(llvm::StringRef value, Options &options);
Status readMatchUnfused(llvm::StringRef value, Options &options);
Status readQuantizeFull(llvm::StringRef value, Options &options);
Status readInputScale(llvm::StringRef value, Options &options);
Status readInputScaleType(llvm::StringRef value, Options &options);
Status readInputInverseScale(llvm::StringRef value, Options &options);

/// The shape that a preset has where none is given: all extents dynamic.
std::vector<int64_t> exampleShape(const PresetInfo &info);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_PRESETREADERS_H
