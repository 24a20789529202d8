//===- Image.cpp - an object file as one piece of code --------------------===//
//
// LLVM's JITLink does the linking, into working memory that is never run. Its
// default passes are left out: they make tables of absolute addresses for what
// an image may not refer to, and keep unwind tables alive.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Image.h"

#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/JITLink/aarch64.h"
#include "llvm/ExecutionEngine/JITLink/x86_64.h"

using namespace normc;
using namespace llvm::jitlink;

/// What an image's base is a multiple of, on every system: AArch64's code
/// refers to pages of this size.
static constexpr uint64_t kPageBytes = 4096;
/// Code and constants start at cache lines of their own.
static constexpr uint64_t kSegmentAlignment = 64;

static llvm::Error failure(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

//===----------------------------------------------------------------------===//
// What an image may contain
//===----------------------------------------------------------------------===//

/// Whether a reference gives the same bytes wherever the image lies: distances
/// within the image, and offsets within a page.
static bool isRelative(const LinkGraph &graph, Edge::Kind kind) {
  if (kind == Edge::KeepAlive)
    return true;
  switch (graph.getTargetTriple().getArch()) {
  case llvm::Triple::x86_64:
    switch (kind) {
    case x86_64::Delta64:
    case x86_64::Delta32:
    case x86_64::Delta16:
    case x86_64::Delta8:
    case x86_64::NegDelta64:
    case x86_64::NegDelta32:
    case x86_64::PCRel32:
    case x86_64::BranchPCRel32:
      return true;
    default:
      return false;
    }
  case llvm::Triple::aarch64:
    switch (kind) {
    case aarch64::Delta64:
    case aarch64::Delta32:
    case aarch64::NegDelta64:
    case aarch64::NegDelta32:
    case aarch64::Branch26PCRel:
    case aarch64::TestAndBranch14PCRel:
    case aarch64::CondBranch19PCRel:
    case aarch64::LDRLiteral19:
    case aarch64::ADRLiteral21:
    case aarch64::Page21:
    case aarch64::PageOffset12:
      return true;
    default:
      return false;
    }
  default:
    return false;
  }
}

static std::string nameOf(const Symbol &symbol) {
  return symbol.hasName() ? (*symbol.getName()).str() : "a constant";
}

static bool isWritten(const Section &section) {
  using llvm::orc::MemProt;
  return llvm::to_underlying(section.getMemProt()) &
         llvm::to_underlying(MemProt::Write);
}

/// Runs on what is left of the graph once all that is unused has gone.
static llvm::Error checkGraph(LinkGraph &graph) {
  for (Block *block : graph.blocks())
    for (const Edge &edge : block->edges()) {
      const Symbol &target = edge.getTarget();
      if (target.isExternal())
        return failure("expected code that calls nothing, but it refers to '" +
                       nameOf(target) + "'");
      if (!isRelative(graph, edge.getKind()) || !target.isDefined())
        return failure("expected code that runs at any address, but it has a "
                       "reference of kind " +
                       llvm::StringRef(graph.getEdgeKindName(edge.getKind())) +
                       " to '" + nameOf(target) + "'");
    }
  for (Section &section : graph.sections())
    if (!section.blocks().empty() && isWritten(section))
      return failure("expected code that writes only to its arguments, but "
                     "got section '" +
                     section.getName() + "' of data that is written");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The link
//===----------------------------------------------------------------------===//

namespace {

/// Memory that the image is put together in. Nothing is freed by the linker.
class ImageMemory final : public JITLinkMemoryManager {
public:
  ImageMemory(std::vector<char> &bytes, uint64_t base)
      : bytes(bytes), base(base) {}

  using JITLinkMemoryManager::allocate;
  using JITLinkMemoryManager::deallocate;

  void allocate(const JITLinkDylib *, LinkGraph &graph,
                OnAllocatedFunction onAllocated) override {
    if (llvm::Error error = layOut(graph))
      onAllocated(std::move(error));
    else
      onAllocated(std::make_unique<Allocation>());
  }

  void deallocate(std::vector<FinalizedAlloc> allocations,
                  OnDeallocatedFunction onDeallocated) override {
    for (FinalizedAlloc &allocation : allocations)
      allocation.release();
    onDeallocated(llvm::Error::success());
  }

private:
  struct Allocation final : InFlightAlloc {
    void abandon(OnAbandonedFunction onAbandoned) override {
      onAbandoned(llvm::Error::success());
    }
    void finalize(OnFinalizedFunction onFinalized) override {
      onFinalized(FinalizedAlloc(llvm::orc::ExecutorAddr(0)));
    }
  };

  /// Puts the segments one after the other.
  llvm::Error layOut(LinkGraph &graph) {
    BasicLayout layout(graph);
    uint64_t size = 0;
    for (auto &[group, segment] : layout.segments()) {
      uint64_t alignment =
          std::max(segment.Alignment.value(), kSegmentAlignment);
      if (alignment > kPageBytes)
        return failure("expected data aligned to at most " +
                       llvm::Twine(kPageBytes) + " bytes, but got " +
                       llvm::Twine(alignment));
      size = llvm::alignTo(size, alignment);
      segment.Addr = llvm::orc::ExecutorAddr(base + size);
      size += segment.ContentSize + segment.ZeroFillSize;
    }
    bytes.assign(size, 0);
    for (auto &[group, segment] : layout.segments())
      segment.WorkingMem = bytes.data() + (segment.Addr.getValue() - base);
    return layout.apply();
  }

  std::vector<char> &bytes;
  uint64_t base;
};

/// What one link leaves behind.
struct Link {
  llvm::ArrayRef<std::string> entries;
  uint64_t base;
  Image image;
  llvm::Error error = llvm::Error::success();
};

class ImageContext final : public JITLinkContext {
public:
  explicit ImageContext(Link &link)
      : JITLinkContext(nullptr), link(link),
        memory(link.image.bytes, link.base) {}

  JITLinkMemoryManager &getMemoryManager() override { return memory; }

  bool shouldAddDefaultTargetPasses(const llvm::Triple &) const override {
    return false;
  }

  llvm::Error modifyPassConfig(LinkGraph &,
                               PassConfiguration &passes) override {
    passes.PrePrunePasses.push_back(
        [this](LinkGraph &graph) { return markEntries(graph); });
    passes.PostPrunePasses.push_back(checkGraph);
    return llvm::Error::success();
  }

  llvm::Error notifyResolved(LinkGraph &) override {
    for (const Symbol *entry : entries)
      link.image.offsets.push_back(
          static_cast<int64_t>(entry->getAddress().getValue() - link.base));
    return llvm::Error::success();
  }

  void lookup(const LookupMap &,
              std::unique_ptr<JITLinkAsyncLookupContinuation> next) override {
    next->run(AsyncLookupResult()); // checkGraph has left nothing to look up.
  }

  void
  notifyFinalized(JITLinkMemoryManager::FinalizedAlloc allocation) override {
    allocation.release();
  }

  void notifyFailed(llvm::Error error) override {
    link.error = llvm::joinErrors(std::move(link.error), std::move(error));
  }

private:
  /// Only what the entries reach is linked.
  llvm::Error markEntries(LinkGraph &graph) {
    // Unwind tables would stay by default.
    for (Symbol *symbol : graph.defined_symbols())
      symbol->setLive(false);
    for (const std::string &entry : link.entries) {
      auto symbols = graph.defined_symbols();
      auto found = llvm::find_if(symbols, [&](const Symbol *symbol) {
        return symbol->hasName() && *symbol->getName() == entry;
      });
      if (found == symbols.end())
        return failure("expected an object that defines '" + entry +
                       "', but it has no such symbol");
      (*found)->setLive(true);
      entries.push_back(*found);
    }
    return llvm::Error::success();
  }

  Link &link;
  ImageMemory memory;
  std::vector<const Symbol *> entries;
};

} // namespace

Result<Image> normc::linkImage(llvm::StringRef object,
                               llvm::ArrayRef<std::string> entries,
                               uint64_t base) {
  auto internal = [](llvm::Error error) {
    return Error{ErrorKind::Internal, llvm::toString(std::move(error))};
  };
  auto graph = createLinkGraphFromObject(
      llvm::MemoryBufferRef(object, "object"),
      std::make_shared<llvm::orc::SymbolStringPool>());
  if (!graph)
    return internal(graph.takeError());
  Link result{entries, base, {}};
  llvm::jitlink::link(std::move(*graph),
                      std::make_unique<ImageContext>(result));
  if (result.error)
    return internal(std::move(result.error));
  return std::move(result.image);
}

Status normc::setImage(Artifact &artifact, llvm::StringRef object) {
  std::vector<std::string> entries;
  for (const StageFacts &stage : artifact.stages)
    entries.push_back(stage.entry);
  Result<Image> image = linkImage(object, entries);
  if (!image)
    return Error{image.error().kind, "linking of '" + artifact.name +
                                         "': " + image.error().message};
  artifact.image = std::move(image->bytes);
  for (auto [stage, offset] : llvm::zip_equal(artifact.stages, image->offsets))
    stage.offset = offset;
  return {};
}
