//===- Text.h - texts of graphs with words replaced ------------*- C++ -*-===//

#ifndef NORMC_TESTS_GRAPHS_TEXT_H
#define NORMC_TESTS_GRAPHS_TEXT_H

#include <string>

namespace normc::graphs {

inline std::string replaceAll(std::string text, const std::string &from,
                              const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_TEXT_H
