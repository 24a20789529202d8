//===- CacheReplay.cpp - proves what a schedule claims of a cache ---------===//

#include "tests/interpreter/CacheReplay.h"

#include <algorithm>

using namespace normc::interpreter;

//===----------------------------------------------------------------------===//
// LruCache
//===----------------------------------------------------------------------===//

void LruCache::reset(uint64_t lines) {
  capacity = std::max<uint64_t>(lines, 1);
  nodes.assign(1, {kNoLine, 0, 0});
  nodeOfLine.clear();
}

void LruCache::unlink(uint32_t node) {
  nodes[nodes[node].previous].next = nodes[node].next;
  nodes[nodes[node].next].previous = nodes[node].previous;
}

void LruCache::linkFirst(uint32_t node) {
  uint32_t first = nodes[0].next;
  nodes[node].previous = 0;
  nodes[node].next = first;
  nodes[first].previous = node;
  nodes[0].next = node;
}

bool LruCache::touch(uint64_t line, uint32_t &hint) {
  if (hint >= nodes.size() || nodes[hint].line != line) {
    auto [it, isNew] = nodeOfLine.try_emplace(line, 0);
    if (isNew) {
      bool isFull = nodes.size() > capacity;
      uint32_t node = isFull ? nodes[0].previous : nodes.size();
      it->second = hint = node;
      if (isFull) {
        unlink(node);
        nodeOfLine.erase(nodes[node].line);
        nodes[node].line = line;
      } else {
        nodes.push_back({line, 0, 0});
      }
      linkFirst(node);
      return false;
    }
    hint = it->second;
  }
  if (nodes[0].next != hint) {
    unlink(hint);
    linkFirst(hint);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// CacheReplay
//===----------------------------------------------------------------------===//

void CacheReplay::beginStage(unsigned stage, int64_t residentBytes) {
  stages.emplace_back().residentBytes = residentBytes;
  cache.reset(std::max(residentBytes, minimumBytes) / kLineBytes);
  views.clear();
  stageLines.clear();
}

void CacheReplay::access(const MemoryAccess &access) {
  if (stages.empty()) // A log that somebody else feeds.
    beginStage(0, 0);
  if (access.view >= views.size())
    views.resize(access.view + 1);
  View &view = views[access.view];
  ++stages.back().accesses;
  uint64_t last = (access.address + access.bytes - 1) / kLineBytes;
  for (uint64_t line = access.address / kLineBytes; line <= last; ++line)
    touch(line, view, access);
}

void CacheReplay::touch(uint64_t line, View &view, const MemoryAccess &access) {
  Stage &stage = stages.back();
  bool isSame = line == view.countedLine;
  bool isNew = !isSame && stageLines.insert(line);
  bool isStack = access.isLocal && isNew;
  if (!cache.touch(line, view.hint) && !isStack)
    ++(access.isWrite ? stage.writeMisses : stage.readMisses);
  if (isSame)
    return;
  view.countedLine = line;
  if (isNew && !access.isLocal)
    ++(access.isArgument ? stage.argumentLines : stage.scratchLines);
  if (access.isArgument)
    programLines.insert(line);
}

uint64_t CacheReplay::getMissBytes() const {
  uint64_t bytes = 0;
  for (const Stage &stage : stages)
    bytes += stage.getMissBytes();
  return bytes;
}
