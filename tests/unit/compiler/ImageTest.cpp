//===- ImageTest.cpp - objects as one piece of code -----------------------===//
//
// Objects are made by LLVM from IR, so that they hold just what a test is
// about.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Image.h"

#include "compiler/codegen/TargetInfo.h"
#include "normc/normc.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Target/TargetMachine.h"

#include <gtest/gtest.h>

using namespace normc;

/// The object file of a module.
static std::string
assemble(const std::string &ir,
         const std::string &triple = "x86_64-unknown-linux-gnu") {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(ir, diagnostic, context);
  if (!module) {
    ADD_FAILURE() << diagnostic.getMessage().str();
    return "";
  }
  const llvm::Target *target = findLlvmTarget(triple);
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      llvm::Triple(triple), "", "", llvm::TargetOptions(), llvm::Reloc::PIC_));
  module->setTargetTriple(llvm::Triple(triple));
  module->setDataLayout(machine->createDataLayout());
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  EXPECT_FALSE(machine->addPassesToEmitFile(passes, stream, nullptr,
                                            llvm::CodeGenFileType::ObjectFile));
  passes.run(*module);
  return std::string(bytes.begin(), bytes.end());
}

/// Constants, a call within the module, and unwind tables.
static const char *const twoFunctions = R"(
@table = private constant [4 x double] [double 1.5, double 2.5, double 3.5, double 4.5], align 32
define double @first(i64 %i) uwtable noinline {
  %p = getelementptr double, ptr @table, i64 %i
  %v = load double, ptr %p
  %s = fmul double %v, 3.25
  ret double %s
}
define hidden double @second(i64 %i) uwtable {
  %v = call double @first(i64 %i)
  %s = fadd double %v, 0.125
  ret double %s
}
define void @unused() uwtable section ".text.unused" {
  call void @nowhere()
  ret void
}
declare void @nowhere()
)";

static void expectRefused(const std::string &ir, const std::string &message) {
  testing::internal::CaptureStderr();
  Result<Image> image = linkImage(assemble(ir), {"f"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "must not print";
  ASSERT_FALSE(image) << "expected: " << message;
  EXPECT_EQ(image.error().kind, ErrorKind::Internal);
  EXPECT_EQ(image.error().message, message);
}

TEST(ImageTest, RunsAtAnyAddress) {
  for (const char *triple :
       {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"}) {
    std::string object = assemble(twoFunctions, triple);
    Result<Image> low = linkImage(object, {"second", "first"}, 0x10000);
    Result<Image> high = linkImage(object, {"second", "first"}, 0x7f1234567000);
    ASSERT_TRUE(low && high) << triple << low.error().message;
    EXPECT_EQ(low->bytes, high->bytes) << triple;
    EXPECT_EQ(low->offsets, high->offsets) << triple;
    ASSERT_EQ(low->offsets.size(), 2u);
    EXPECT_NE(low->offsets[0], low->offsets[1]);
    // Constants, two functions, and neither unwind tables nor @unused.
    EXPECT_GE(low->bytes.size(), 64u);
    EXPECT_LE(low->bytes.size(), 256u) << triple;
  }
}

TEST(ImageTest, CompiledNormsRunAtAnyAddress) {
  NormSpec spec = layerNorm({.shape = {kDynamic, 300}, .dtype = DType::BF16});
  Result<std::string> mlir = toMlir(spec);
  ASSERT_TRUE(mlir);
  for (const char *name : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64",
                           "neoverse-v1", "neoverse-v2", "a64fx"}) {
    Target target = *Target::named(name);
    Result<std::string> object = emit(*mlir, Emit::Object, target);
    Result<Artifact> artifact = compile(*mlir, target);
    ASSERT_TRUE(object && artifact);
    Result<Image> image =
        linkImage(*object, {artifact->stages[0].entry}, 0x7f1234567000);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->bytes, artifact->image) << name;
    EXPECT_EQ(image->offsets[0], artifact->stages[0].offset) << name;
  }
}

TEST(ImageTest, ConstantsKeepTheirAlignment) {
  Result<Image> image = linkImage(
      assemble("@t = private constant <8 x double> <double 1.0, double 2.0, "
               "double 3.0, double 4.0, double 5.0, double 6.0, double 7.0, "
               "double 8.0>, align 256\n"
               "@u = private constant i8 7, align 1\n"
               "define i8 @f() {\n"
               "  %a = load volatile <8 x double>, ptr @t\n"
               "  %b = load volatile i8, ptr @u\n"
               "  ret i8 %b\n}"),
      {"f"});
  ASSERT_TRUE(image) << image.error().message;
  const double one = 1.0;
  size_t at = 0;
  while (at + 8 <= image->bytes.size() &&
         std::memcmp(&image->bytes[at], &one, 8) != 0)
    at += 256;
  EXPECT_LT(at, image->bytes.size());
}

TEST(ImageTest, RefusesWhatIsOutside) {
  expectRefused("declare float @expf(float)\n"
                "define float @f(float %x) {\n"
                "  %y = call float @expf(float %x)\n  ret float %y\n}",
                "expected code that calls nothing, but it refers to 'expf'");
  expectRefused("@counter = external global i32\n"
                "define i32 @f() {\n"
                "  %v = load i32, ptr @counter\n  ret i32 %v\n}",
                "expected code that calls nothing, but it refers to 'counter'");
}

TEST(ImageTest, RefusesAddresses) {
  expectRefused("@table = private constant [2 x ptr] [ptr @f, ptr @g]\n"
                "define ptr @f(i64 %i) {\n"
                "  %p = getelementptr ptr, ptr @table, i64 %i\n"
                "  %v = load ptr, ptr %p\n  ret ptr %v\n}\n"
                "define hidden ptr @g(i64 %i) {\n  ret ptr null\n}",
                "expected code that runs at any address, but it has a "
                "reference of kind Pointer64 to 'f'");
  // Another module might define it too, so its address comes from a table.
  expectRefused("@shared = constant i32 7\n"
                "define i32 @f() {\n"
                "  %v = load volatile i32, ptr @shared\n  ret i32 %v\n}",
                "expected code that runs at any address, but it has a "
                "reference of kind "
                "RequestGOTAndTransformToPCRel32GOTLoadREXRelaxable to "
                "'shared'");
}

TEST(ImageTest, RefusesDataThatIsWritten) {
  const std::string increment = "define i32 @f() {\n"
                                "  %v = load i32, ptr @count\n"
                                "  %w = add i32 %v, 1\n"
                                "  store i32 %w, ptr @count\n"
                                "  ret i32 %w\n}";
  expectRefused("@count = internal global i32 5\n" + increment,
                "expected code that writes only to its arguments, but got "
                "section '.data' of data that is written");
  expectRefused("@count = internal global i32 0\n" + increment,
                "expected code that writes only to its arguments, but got "
                "section '.bss' of data that is written");
}

TEST(ImageTest, RefusesCoarseAlignment) {
  expectRefused("@t = private constant i32 5, align 8192\n"
                "define i32 @f() {\n"
                "  %v = load volatile i32, ptr @t\n  ret i32 %v\n}",
                "expected data aligned to at most 4096 bytes, but got 8192");
}

TEST(ImageTest, NamesAMissingEntry) {
  expectRefused("define void @g() {\n  ret void\n}",
                "expected an object that defines 'f', but it has no such "
                "symbol");
}

TEST(ImageTest, RefusesWhatIsNoObject) {
  EXPECT_FALSE(linkImage("", {"f"}));
  Result<Image> image = linkImage(std::string(1000, 'x'), {"f"});
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind, ErrorKind::Internal);
}

TEST(ImageTest, NamesTheArtifact) {
  Artifact artifact;
  artifact.name = "rms";
  artifact.stages = {{"f", SizeExpr::constant(1)}};
  Status status =
      setImage(artifact, assemble("define void @g() {\n  ret void\n}"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "linking of 'rms': expected an object that defines 'f', but it has "
            "no such symbol");
}
