//===- Suggest.cpp - the name that was meant ------------------------------===//

#include "normc/Suggest.h"

#include "llvm/ADT/StringRef.h"

using namespace normc;
using llvm::StringRef;

std::string normc::suggest(std::string_view given,
                           std::span<const std::string_view> names) {
  StringRef word = given;
  StringRef best;
  // Two slips of the finger, but not half of a short word.
  unsigned bestDistance = std::min<unsigned>(2, word.size() / 2) + 1;
  for (StringRef name : names) {
    unsigned distance = word.edit_distance(name, true, bestDistance);
    // A beginning of at least three letters will do too.
    if (word.size() >= 3 && name.starts_with(word))
      distance = std::min(distance, 1u);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = name;
    }
  }
  return best.empty() ? "" : ("; did you mean '" + best + "'?").str();
}
