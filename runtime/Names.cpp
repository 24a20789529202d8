//===- Names.cpp - arguments by name --------------------------------------===//

#include "runtime/Names.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace normc;

static Error invalid(std::string message) {
  return {ErrorKind::InvalidArgument, std::move(message)};
}

/// Insertions, deletions and replacements that turn `a` into `b`.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j)
    row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The message lists all names, and singles out one that is at most a third
/// off.
static Error unknownName(const Artifact &artifact, std::string_view name) {
  std::string names, nearest;
  size_t best = std::max<size_t>(name.size() / 3, 1) + 1;
  for (const ArgumentFacts &facts : artifact.arguments) {
    names += (names.empty() ? "'" : ", '") + facts.name + "'";
    if (size_t distance = editDistance(name, facts.name); distance < best) {
      best = distance;
      nearest = facts.name;
    }
  }
  return invalid("expected an argument out of " + names + ", but got '" +
                 std::string(name) + "'" +
                 (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

Status normc::orderByName(const Artifact &artifact,
                          std::span<const NamedTensor> args,
                          const TensorRef **ordered) {
  size_t count = artifact.arguments.size();
  std::fill(ordered, ordered + count, nullptr);
  for (const NamedTensor &arg : args) {
    size_t index = 0;
    while (index < count && artifact.arguments[index].name != arg.name)
      ++index;
    if (index == count)
      return unknownName(artifact, arg.name);
    if (ordered[index])
      return invalid("argument '" + std::string(arg.name) +
                     "': expected one tensor of this name, but got two");
    ordered[index] = &arg.tensor;
  }
  for (size_t index = 0; index < count; ++index)
    if (!ordered[index])
      return invalid("argument '" + artifact.arguments[index].name +
                     "': expected a tensor of this name, but got none");
  return {};
}
