//===- SizeText.cpp - sizes as formulas for people ------------------------===//

#include "normc/SizeText.h"

#include <vector>

using namespace normc;
using Op = SizeExpr::Op;

namespace {

/// A formula, and how tightly its last operation binds.
struct Formula {
  std::string text;
  enum { Sum, Product, Atom } binds = Atom;

  std::string within(int strength) const {
    return binds < strength ? "(" + text + ")" : text;
  }
};

} // namespace

static Formula join(Op op, const Formula &a, const Formula &b) {
  switch (op) {
  case Op::Add:
    return {a.within(Formula::Sum) + " + " + b.within(Formula::Product),
            Formula::Sum};
  case Op::Mul:
    return {a.within(Formula::Product) + " * " + b.within(Formula::Atom),
            Formula::Product};
  case Op::FloorDiv:
    return {a.within(Formula::Product) + " / " + b.within(Formula::Atom),
            Formula::Product};
  default:
    return {"ceil(" + a.within(Formula::Product) + " / " +
                b.within(Formula::Atom) + ")",
            Formula::Atom};
  }
}

std::string normc::formatSize(const SizeExpr &size,
                              std::span<const std::string> words) {
  std::vector<Formula> stack;
  for (const SizeExpr::Step &step : size.steps) {
    if (step.op == Op::Constant) {
      stack.push_back({std::to_string(step.operand)});
    } else if (step.op == Op::Word) {
      bool known = step.operand >= 0 && size_t(step.operand) < words.size();
      stack.push_back({known ? words[step.operand] : "?"});
    } else if (step.op == Op::AlignTo && !stack.empty()) {
      stack.back() = {"align(" + stack.back().text + ", " +
                      std::to_string(step.operand) + ")"};
    } else if (step.op != Op::AlignTo && stack.size() >= 2) {
      Formula b = std::move(stack.back());
      stack.pop_back();
      stack.back() = join(step.op, stack.back(), b);
    } else {
      return "?";
    }
  }
  return stack.size() == 1 ? stack.back().text : "?";
}
