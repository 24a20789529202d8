//===- Compile.cpp - normc compile ----------------------------------------===//

#include "Commands.h"
#include "Files.h"

#include "llvm/Support/Process.h"

using namespace normc;
using namespace normc::tool;

Status normc::tool::compileCommand(const Options &options) {
  if (Status apart = checkApart(options.output, {options.file}); !apart)
    return apart;
  bool isBinary =
      *options.emit == Emit::Object || *options.emit == Emit::Artifact;
  if (isBinary && options.output == "-" &&
      llvm::sys::Process::StandardOutIsDisplayed())
    return Error{ErrorKind::InvalidArgument,
                 "expected -o OUT: '" + std::string(toString(*options.emit)) +
                     "' is not for a terminal"};
  Result<Target> target = Target::named(options.target);
  if (!target)
    return target.error();
  Result<std::unique_ptr<llvm::MemoryBuffer>> source = readFile(options.file);
  if (!source)
    return source.error();

  Result<std::string> text =
      emit((*source)->getBuffer(), *options.emit, *target,
           options.file == "-" ? "<stdin>" : options.file);
  if (!text)
    return text.error();
  OutputFiles files;
  if (Status written = files.add(options.output, {*text}); !written)
    return written;
  return files.commit();
}
