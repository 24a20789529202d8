//===- Preset.cpp - normc preset ------------------------------------------===//

#include "Commands.h"
#include "Files.h"
#include "PresetReaders.h"

#include "llvm/ADT/STLExtras.h"

using namespace normc;
using namespace normc::tool;

/// One line a preset: name, shape, formula.
static std::string listPresets() {
  std::string text;
  for (const PresetInfo &info : presets()) {
    std::string row(info.name);
    row.resize(22, ' ');
    row += info.shape;
    row.resize(40, ' ');
    text += row + std::string(info.formula) + "\n";
  }
  return text;
}

Status normc::tool::presetCommand(const Options &options) {
  OutputFiles files;
  std::string text;
  if (options.list) {
    text = listPresets();
  } else {
    PresetOptions preset = options.preset;
    if (preset.shape.empty())
      preset.shape =
          exampleShape(*llvm::find_if(presets(), [&](const PresetInfo &info) {
            return info.name == options.presetName;
          }));
    Result<NormSpec> spec = makePreset(options.presetName, preset);
    if (!spec)
      return spec.error();
    Result<std::string> mlir = toMlir(*spec);
    if (!mlir)
      return mlir.error();
    text = *std::move(mlir);
  }
  if (Status written = files.add(options.output, {text}); !written)
    return written;
  return files.commit();
}
