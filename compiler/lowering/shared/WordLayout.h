//===- WordLayout.h - the words of a program's calls ------------*- C++ -*-===//
//
// The calling convention passes dynamic extents and strides as words: for each
// argument in order, its `?` extents and then its `?` strides. The lowerings
// and the Artifact agree on the numbering by asking here.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_WORDLAYOUT_H
#define NORMC_COMPILER_LOWERING_SHARED_WORDLAYOUT_H

#include "dialects/norm/Norm.h"

#include <string>
#include <vector>

namespace normc {

/// Numbers the words of a program.
class WordLayout {
public:
  struct Word {
    unsigned argument;
    unsigned axis;
    bool isStride;
  };

  explicit WordLayout(norm::ProgramOp program);

  const std::vector<Word> &words() const { return list; }
  /// The word that holds an extent or a stride, or -1 if it is static or
  /// follows from others.
  int find(unsigned argument, unsigned axis, bool isStride) const;

private:
  std::vector<Word> list;
};

/// The entry point of a program's `index`-th stage, the only kind of symbol
/// that an object file shows: a C identifier that begins with the program's
/// name.
std::string getStageEntry(norm::ProgramOp program, unsigned index);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_WORDLAYOUT_H
