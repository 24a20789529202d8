//===- CacheReplay.h - proves what a schedule claims of a cache -*- C++ -*-===//
//
// Replays the log of a run through a fully associative cache with the size that
// each stage's schedule claims (`resident`), and counts its misses. A claim
// holds if the misses are about the mandatory ones: every line once.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_CACHEREPLAY_H
#define NORMC_TESTS_INTERPRETER_CACHEREPLAY_H

#include "tests/interpreter/Interpreter.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <vector>

namespace normc::interpreter {

/// A fully associative cache that replaces the least recently used line.
class LruCache {
public:
  /// Empties the cache; it then holds `lines` lines, at least one.
  void reset(uint64_t lines);

  /// Uses a line; true if it was there. `hint` is what the caller got from an
  /// earlier touch, of this line or another, or 0: where it still fits, no hash
  /// is computed.
  bool touch(uint64_t line, uint32_t &hint);

private:
  /// Lines in order of use, as a ring around nodes[0].
  struct Node {
    uint64_t line;
    uint32_t previous, next;
  };
  void unlink(uint32_t node);
  void linkFirst(uint32_t node);

  uint64_t capacity = 1;
  std::vector<Node> nodes = {{kNoLine, 0, 0}};
  llvm::DenseMap<uint64_t, uint32_t> nodeOfLine;

  static constexpr uint64_t kNoLine = ~uint64_t(0) >> 2;
};

/// A set of lines, as a bitmap per 64 neighbours: small enough to stay in the
/// machine's own cache, which a hash set of lines is not.
class LineSet {
public:
  /// True if the line is new.
  bool insert(uint64_t line) {
    uint64_t &neighbours = bitmaps[line / 64], bit = uint64_t(1) << line % 64;
    bool isNew = (neighbours & bit) == 0;
    neighbours |= bit;
    count += isNew;
    return isNew;
  }
  uint64_t size() const { return count; }
  void clear() {
    bitmaps.clear();
    count = 0;
  }

private:
  llvm::DenseMap<uint64_t, uint64_t> bitmaps;
  uint64_t count = 0;
};

/// Counts misses while a program runs: one worker, whose cache is empty at the
/// start of every stage, but for local memory: its stack, which it uses in
/// every call. A write that misses fetches its line. An access that straddles
/// lines touches each of them.
class CacheReplay : public AccessSink {
public:
  static constexpr unsigned kLineBytes = 64;

  struct Stage {
    int64_t residentBytes = 0;
    /// Reads and writes of elements.
    uint64_t accesses = 0;
    uint64_t readMisses = 0;
    uint64_t writeMisses = 0;
    /// Distinct lines of arguments, and of scratch, that the stage touched.
    uint64_t argumentLines = 0;
    uint64_t scratchLines = 0;

    uint64_t getMissBytes() const {
      return (readMisses + writeMisses) * kLineBytes;
    }
    uint64_t getMandatoryBytes() const {
      return (argumentLines + scratchLines) * kLineBytes;
    }
  };

  /// `minimumBytes`: what a stage has even if it claims nothing, for the lines
  /// that it streams through. Cache sizes are rounded down to lines.
  explicit CacheReplay(int64_t minimumBytes = 4096)
      : minimumBytes(minimumBytes) {}

  void beginStage(unsigned stage, int64_t residentBytes) override;
  void access(const MemoryAccess &access) override;

  const std::vector<Stage> &getStages() const { return stages; }
  /// Bytes that all stages fetched.
  uint64_t getMissBytes() const;
  /// What no order of execution can avoid: the distinct lines of the arguments
  /// that the program read or wrote, in bytes. A line that two arguments share
  /// counts once.
  uint64_t getMandatoryBytes() const {
    return programLines.size() * kLineBytes;
  }

private:
  /// What is remembered per view, so that an access to the line of the one
  /// before costs no hashing.
  struct View {
    uint64_t countedLine = ~uint64_t(0);
    uint32_t hint = 0;
  };
  void touch(uint64_t line, View &view, const MemoryAccess &access);

  int64_t minimumBytes;
  std::vector<Stage> stages;
  LruCache cache;
  std::vector<View> views;
  /// Of the current stage, and of all stages (arguments only).
  LineSet stageLines, programLines;
};

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_CACHEREPLAY_H
