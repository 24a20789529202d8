//===- CSizes.cpp - sizes as C expressions --------------------------------===//

#include "compiler/codegen/CSizes.h"

#include <limits>
#include <vector>

using namespace normc;
using Op = SizeExpr::Op;

const char *const normc::kCHelpers = R"(#ifndef NORMC_C_HELPERS
#define NORMC_C_HELPERS

/* What a kernel returns. */
enum {
  NORMC_C_OK = 0,
  NORMC_C_NULL = 1,         /* a null pointer to a tensor that has elements */
  NORMC_C_EXTENT = 2,       /* a negative extent, or none under a statistic */
  NORMC_C_DIVISIBILITY = 3, /* an extent that groups don't divide */
  NORMC_C_ALIGNMENT = 4,    /* a pointer that isn't aligned as told below */
  NORMC_C_TOO_LARGE = 5,    /* a size that doesn't fit in 63 bits */
  NORMC_C_SCRATCH = 6,      /* scratch is null or not aligned to 64 bytes */
  NORMC_C_FAILED = 7,       /* a stage failed, which is a defect */
  NORMC_C_TOO_FEW = 8,      /* fewer elements than a statistic needs */
  NORMC_C_UNSUPPORTED = 9   /* no version of it runs on this machine */
};

/* Sizes; *fault is set where one is negative or doesn't fit in 63 bits. */
static inline int64_t normc_c_mul(int64_t a, int64_t b, int *fault) {
  if (a < 0 || b < 0 || (b != 0 && a > INT64_MAX / b)) {
    *fault = 1;
    return 0;
  }
  return a * b;
}
static inline int64_t normc_c_add(int64_t a, int64_t b, int *fault) {
  if (a < 0 || b < 0 || a > INT64_MAX - b) {
    *fault = 1;
    return 0;
  }
  return a + b;
}
static inline int64_t normc_c_floor_div(int64_t a, int64_t b, int *fault) {
  if (a < 0 || b <= 0) {
    *fault = 1;
    return 0;
  }
  return a / b;
}
static inline int64_t normc_c_ceil_div(int64_t a, int64_t b, int *fault) {
  return normc_c_floor_div(a, b, fault) + (!*fault && a % b != 0);
}
static inline int64_t normc_c_align(int64_t a, int64_t b, int *fault) {
  return normc_c_mul(normc_c_ceil_div(a, b, fault), b, fault);
}

/* Checks the address of a tensor of that many bytes. */
static inline int normc_c_check(const void *data, int64_t bytes,
                                int64_t alignment) {
  if (bytes == 0)
    return NORMC_C_OK;
  if (data == NULL)
    return NORMC_C_NULL;
  return (uintptr_t)data % (uintptr_t)alignment == 0 ? NORMC_C_OK
                                                     : NORMC_C_ALIGNMENT;
}

#endif /* NORMC_C_HELPERS */
)";

static const char *functionOf(Op op) {
  switch (op) {
  case Op::Mul:
    return "normc_c_mul";
  case Op::Add:
    return "normc_c_add";
  case Op::FloorDiv:
    return "normc_c_floor_div";
  case Op::CeilDiv:
    return "normc_c_ceil_div";
  default:
    return "normc_c_align";
  }
}

static std::string writeConstant(int64_t value) {
  std::string digits = std::to_string(value);
  return value > std::numeric_limits<int32_t>::max() ? "INT64_C(" + digits + ")"
                                                     : digits;
}

std::string normc::writeCSize(const SizeExpr &size) {
  std::vector<std::string> stack;
  for (const SizeExpr::Step &step : size.steps) {
    if (step.op == Op::Constant) {
      stack.push_back(writeConstant(step.operand));
    } else if (step.op == Op::Word) {
      stack.push_back("words[" + std::to_string(step.operand) + "]");
    } else {
      std::string b;
      if (step.op == Op::AlignTo) {
        b = writeConstant(step.operand);
      } else {
        b = std::move(stack.back());
        stack.pop_back();
      }
      stack.back() = std::string(functionOf(step.op)) + "(" + stack.back() +
                     ", " + b + ", &fault)";
    }
  }
  return stack.back();
}
