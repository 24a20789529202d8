//===- Harness.cpp - problems against compiled kernels --------------------===//

#include "tests/numerics/Harness.h"

#include "normc/Compiler.h"

#include <map>
#include <optional>
#include <stdexcept>

using namespace normc;
using namespace normc::numerics;

static std::optional<Kernel> compileAndLoad(const std::string &text) {
  static const Target target = Target::native();
  Result<Artifact> artifact = compile(text, target);
  if (!artifact) {
    ADD_FAILURE() << "compile: " << toString(artifact.error().kind) << ": "
                  << artifact.error().message << "\n"
                  << text;
    return std::nullopt;
  }
  Result<Kernel> kernel = Kernel::load(*artifact);
  if (!kernel) {
    ADD_FAILURE() << "load: " << toString(kernel.error().kind) << ": "
                  << kernel.error().message << "\n"
                  << text;
    return std::nullopt;
  }
  return *kernel;
}

const Kernel *normc::numerics::kernelFor(const std::string &text) {
  static std::map<std::string, std::optional<Kernel>> kernels;
  auto found = kernels.find(text);
  if (found == kernels.end())
    found = kernels.emplace(text, compileAndLoad(text)).first;
  else if (!found->second)
    ADD_FAILURE() << "a kernel that failed to compile before:\n" << text;
  return found->second ? &*found->second : nullptr;
}

Placement Placement::shifted(int64_t offset) {
  Layout layout{.offset = offset};
  return {layout, layout, layout};
}

Call::Call(const Problem &problem, const Placement &placement)
    : problem(problem) {
  for (const Values &input : problem.inputs) {
    bool isFull = input.tensor.shape == problem.shape && !input.isStatistic;
    inputs.emplace_back(input.name, input.dtype, input.tensor.shape,
                        isFull ? placement.inputs : placement.others);
    inputs.back().fill(input.bits);
  }
  for (const Expected &output : problem.outputs) {
    bool isFull = output.exact.shape == problem.shape &&
                  output.judgement == Judgement::Elementwise;
    outputs.emplace_back(output.name, output.dtype, output.exact.shape,
                         isFull ? placement.outputs : placement.others);
  }
}

std::vector<NamedTensor> Call::arguments() const {
  std::vector<NamedTensor> arguments;
  for (const Buffer &input : inputs) {
    arguments.push_back({input.name(), input.ref()});
    arguments.back().tensor.readOnly = true;
  }
  for (const Buffer &output : outputs)
    arguments.push_back({output.name(), output.ref()});
  return arguments;
}

Status Call::tryRun(const Kernel &kernel, Executor &executor) const {
  std::vector<NamedTensor> named = arguments();
  return kernel.run(std::span<const NamedTensor>(named), executor);
}

bool Call::run(const Kernel &kernel, Executor &executor) {
  for (Buffer &output : outputs)
    output.clear();
  if (Status status = tryRun(kernel, executor); !status) {
    ADD_FAILURE() << "run: " << toString(status.error().kind) << ": "
                  << status.error().message;
    return false;
  }
  for (const Buffer &input : inputs)
    EXPECT_TRUE(input.isUnchanged()) << "input " << input.name() << " changed";
  for (const Buffer &output : outputs)
    EXPECT_TRUE(output.areGapsUnchanged())
        << "bytes around the elements of output " << output.name()
        << " were written";
  return true;
}

Comparison Call::expectWithinBounds() const {
  Comparison all;
  for (size_t i = 0; i < outputs.size(); ++i) {
    Comparison one = judge(problem, problem.outputs[i], outputs[i].read());
    EXPECT_EQ(one.failures, 0) << outputs[i].name() << ": " << one.message;
    all.merge(one);
  }
  return all;
}

OutputBits Call::outputBits() const {
  OutputBits all;
  for (const Buffer &output : outputs)
    all.push_back(output.bits());
  return all;
}

void Call::expectSameBitsByThreads(const Kernel &kernel) {
  const OutputBits expected = outputBits();
  for (int threads : {1, 2, 3}) {
    std::unique_ptr<Executor> executor = makeThreadExecutor(threads);
    for (int repetition = 0; repetition < 3; ++repetition)
      if (run(kernel, *executor)) {
        EXPECT_TRUE(outputBits() == expected) << threads << " threads";
      }
  }
}

Buffer &Call::buffer(std::string_view name) {
  for (std::vector<Buffer> *list : {&inputs, &outputs})
    for (Buffer &buffer : *list)
      if (buffer.name() == name)
        return buffer;
  throw std::out_of_range("no tensor named " + std::string(name));
}

void normc::numerics::expectMostlyCorrectlyRounded(const Comparison &findings) {
  if (findings.eligible < 1000)
    return;
  EXPECT_TRUE(findings.isMostlyCorrectlyRounded())
      << findings.misrounded << " of " << findings.eligible
      << " elements are not correctly rounded";
}

void normc::numerics::expectSolved(const ExtremeProblem &problem) {
  for (Flavour flavour : {Flavour::Static, Flavour::Inner, Flavour::Dynamic}) {
    SCOPED_TRACE(std::string(toString(problem.extreme)) + " " +
                 toString(problem.dtype) + " " + toString(flavour) +
                 testing::PrintToString(problem.shape));
    const Kernel *kernel = kernelFor(textOf(problem, flavour));
    if (!kernel)
      continue;
    Call call(problem);
    if (call.run(*kernel))
      call.expectWithinBounds();
  }
}
