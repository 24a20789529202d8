//===- TuneReport.h - what a search for a schedule found --------*- C++ -*-===//
//
// Writes a TuneResult as a table, as JSON, and as the file that is kept.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_TUNEREPORT_H
#define NORMC_TOOLS_NORMC_TUNEREPORT_H

#include "TuneSearch.h"

namespace normc::tool {

/// What was tuned, and how.
struct Tuning {
  std::string name, target, dtype, shape;
  std::string argument; ///< Whose shape it is.
  std::string start;    ///< "the model's choice", or "the file's choice".
  int threads = 1;
  int64_t bytes = 0; ///< That a call moves at least.
  double budget = 0;
  bool areCold = true;
  TuneResult result;

  /// "with x = 8x4096 on 2 threads"
  std::string circumstance() const;
};

std::string writeTable(const Tuning &tuning);
std::string writeJson(const Tuning &tuning);

/// The tuned text, with a comment that says what it is.
std::string writeFile(const Tuning &tuning);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_TUNEREPORT_H
