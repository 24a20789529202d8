//===- Suggest.h - the name that was meant ----------------------*- C++ -*-===//
//
// What the compiler and its tools say about a name that nobody knows.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_SUGGEST_H
#define NORMC_SUGGEST_H

#include <span>
#include <string>
#include <string_view>

namespace normc {

/// "; did you mean 'x'?" with the name of `names` that is nearest to `word`, or
/// nothing where none is near.
std::string suggest(std::string_view word,
                    std::span<const std::string_view> names);

} // namespace normc

#endif // NORMC_SUGGEST_H
