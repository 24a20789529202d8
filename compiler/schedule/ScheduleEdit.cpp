//===- ScheduleEdit.cpp - the schedules of a text, as numbers -------------===//

#include "normc/ScheduleEdit.h"

#include "normc/Suggest.h"

#include "compiler/Session.h"
#include "compiler/analysis/KernelStructure.h"
#include "compiler/schedule/Schedule.h"
#include "dialects/norm/Norm.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <limits>

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// A schedule whose numbers have names and can be changed.
class Numbers {
public:
  explicit Numbers(ScheduleAttr schedule)
      : schedule(schedule), reasons(schedule.getReasons()) {
    if (schedule.getTarget() == TargetKind::gpu)
      all = {{"width", schedule.getWidth()},
             {"unroll", schedule.getUnroll()},
             {"threads", schedule.getThreads()}};
    else
      all = {{"width", schedule.getWidth()},
             {"unroll", schedule.getUnroll()},
             {"chunk", schedule.getChunk()},
             {"resident", schedule.getResident()},
             {"stream", schedule.getStream()},
             {"prefetch", schedule.getPrefetch()},
             {"rows", schedule.getRows()}};
  }

  ArrayRef<std::pair<StringRef, int64_t>> list() const { return all; }
  bool has(StringRef name) const {
    return llvm::is_contained(llvm::make_first_range(all), name);
  }
  void set(StringRef name, int64_t value, StringRef reason);
  /// Null, with a diagnostic, where the numbers make no schedule.
  ScheduleAttr take(Location location) const;

private:
  int64_t get(StringRef name, int64_t otherwise) const {
    for (const auto &[other, value] : all)
      if (other == name)
        return value;
    return otherwise;
  }

  ScheduleAttr schedule;
  NamedAttrList reasons;
  SmallVector<std::pair<StringRef, int64_t>> all;
};

} // namespace

void Numbers::set(StringRef name, int64_t value, StringRef reason) {
  for (auto &[other, current] : all)
    if (other == name)
      current = value;
  // The old reason was for the old value.
  reasons.erase(name);
  if (!reason.empty())
    reasons.set(name, StringAttr::get(schedule.getContext(), reason));
}

ScheduleAttr Numbers::take(Location location) const {
  MLIRContext *context = schedule.getContext();
  return ScheduleAttr::getChecked(
      [&] { return emitError(location); }, context, schedule.getTarget(),
      schedule.getParallel(), schedule.getLanes(),
      get("width", schedule.getWidth()), get("unroll", schedule.getUnroll()),
      get("chunk", schedule.getChunk()), get("threads", schedule.getThreads()),
      get("resident", schedule.getResident()),
      get("stream", schedule.getStream()),
      get("prefetch", schedule.getPrefetch()), get("rows", schedule.getRows()),
      reasons.empty() ? DictionaryAttr() : reasons.getDictionary(context));
}

/// The kernels with a schedule, in order.
static SmallVector<KernelOp> collectKernels(ModuleOp module) {
  SmallVector<KernelOp> kernels;
  module.walk([&](KernelOp kernel) {
    if (kernel.getScheduleAttr())
      kernels.push_back(kernel);
  });
  return kernels;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// What one stage does, as far as its numbers change rounding.
struct StageTraits {
  bool sums = false;       ///< Combines values in some order.
  bool partials = false;   ///< Leaves sums of a chunk's instances.
  bool isDouble = false;   ///< Of f64 data: nothing wider carries its sums.
  bool laneBlocks = false; ///< An instance is a block of `width` points.

  bool changesRounding(StringRef name) const {
    return (sums &&
            (name == "width" || name == "unroll" || name == "threads")) ||
           (partials && name == "chunk");
  }
  int64_t most(StringRef name, int64_t value, int64_t width) const;
};

} // namespace

/// The bounds are those of Schedule.cpp: a tree of at most 8 terms in f32, none
/// in f64, and partial sums of at most kPartialRows instances' terms.
int64_t StageTraits::most(StringRef name, int64_t value, int64_t width) const {
  if (sums && name == "unroll")
    return isDouble ? 1 : 8;
  if (partials && name == "chunk")
    return laneBlocks ? std::max<int64_t>(kPartialRows / width, 1)
                      : int64_t(kPartialRows);
  // Wider blocks of as many instances would be longer sums.
  if (partials && laneBlocks && name == "width")
    return value;
  return std::numeric_limits<int64_t>::max();
}

static StageTraits getTraits(KernelOp kernel, const StagePlan &plan,
                             ScheduleAttr schedule) {
  auto isF64 = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
  StageTraits traits;
  traits.sums = plan.hasCollectives();
  traits.partials = !plan.partial.empty();
  traits.isDouble = llvm::any_of(kernel->getOperandTypes(), isF64) ||
                    llvm::any_of(kernel->getResultTypes(), isF64);
  DimsAttr lanes = schedule.getLanes();
  traits.laneBlocks =
      !lanes.empty() && schedule.getParallel().contains(lanes.getNames()[0]);
  return traits;
}

Result<std::vector<ScheduleParameter>>
normc::listSchedules(std::string_view mlir, std::string_view sourceName) {
  Session session;
  OwningOpRef<ModuleOp> module = session.parse(mlir, sourceName);
  if (!module)
    return session.takeError();
  std::vector<ScheduleParameter> parameters;
  size_t stage = 0;
  for (KernelOp kernel : collectKernels(*module)) {
    if (!kernel.getBlock()->getOps<MomentsOp>().empty()) {
      kernel.emitOpError() << "expected sums in place of norm.moments (emit "
                              "the text at 'scheduled' first)";
      return session.takeError();
    }
    KernelStructure structure(kernel);
    ArrayRef<StagePlan> plans = structure.stages();
    auto schedules = kernel.getScheduleAttr().getAsRange<ScheduleAttr>();
    size_t given = kernel.getScheduleAttr().size();
    if (given != plans.size()) {
      kernel.emitOpError() << "expected one schedule per stage, "
                           << plans.size() << ", but got " << given;
      return session.takeError();
    }
    for (auto [plan, schedule] : llvm::zip_equal(plans, schedules)) {
      StageTraits traits = getTraits(kernel, plan, schedule);
      Numbers numbers(schedule);
      for (auto [name, value] : numbers.list())
        parameters.push_back({stage, name.str(), value,
                              traits.most(name, value, schedule.getWidth()),
                              traits.changesRounding(name)});
      ++stage;
    }
  }
  return parameters;
}

//===----------------------------------------------------------------------===//
// Changing
//===----------------------------------------------------------------------===//

static Error invalid(const Twine &message) {
  return {ErrorKind::InvalidSpec, message.str()};
}

/// The kernel of a stage, and the stage's number in it.
static Result<std::pair<KernelOp, size_t>> findStage(ArrayRef<KernelOp> kernels,
                                                     size_t stage) {
  size_t first = 0;
  for (KernelOp kernel : kernels) {
    size_t count = kernel.getScheduleAttr().size();
    if (stage < first + count)
      return std::pair(kernel, stage - first);
    first += count;
  }
  if (first == 0)
    return invalid("expected a kernel with a schedule, but got none (emit the "
                   "text at 'scheduled' first)");
  return invalid("expected a stage from 0 to " + Twine(first - 1) +
                 ", but got " + Twine(stage));
}

static Status applyChange(ArrayRef<KernelOp> kernels,
                          const ScheduleChange &change, Session &session) {
  Result<std::pair<KernelOp, size_t>> found = findStage(kernels, change.stage);
  if (!found)
    return found.error();
  auto [kernel, index] = *found;
  SmallVector<Attribute> schedules(kernel.getScheduleAttr().getValue());
  Numbers numbers(cast<ScheduleAttr>(schedules[index]));
  if (!numbers.has(change.name)) {
    SmallVector<std::string_view> names(llvm::make_first_range(numbers.list()));
    std::string list;
    for (std::string_view name : names)
      list.append(list.empty() ? "" : ", ").append(name);
    return invalid("expected a parameter among " + list + ", but got '" +
                   change.name + "'" + suggest(change.name, names));
  }
  numbers.set(change.name, change.value, change.reason);
  ScheduleAttr changed = numbers.take(kernel.getLoc());
  if (!changed)
    return session.takeError();
  schedules[index] = changed;
  kernel.setScheduleAttr(ArrayAttr::get(kernel.getContext(), schedules));
  return {};
}

Result<std::string>
normc::changeSchedules(std::string_view mlir,
                       std::span<const ScheduleChange> changes,
                       std::string_view sourceName) {
  Session session;
  OwningOpRef<ModuleOp> module = session.parse(mlir, sourceName);
  if (!module)
    return session.takeError();
  SmallVector<KernelOp> kernels = collectKernels(*module);
  for (const ScheduleChange &change : changes)
    if (Status status = applyChange(kernels, change, session); !status)
      return status.error();
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  return text + "\n";
}
