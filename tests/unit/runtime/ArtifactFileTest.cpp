//===- ArtifactFileTest.cpp -----------------------------------------------===//

#include "normc/ArtifactFile.h"

#include "ObjectArtifact.h"
#include "normc/Kernel.h"
#include "runtime/Validation.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <limits>
#include <random>
#include <thread>

using namespace normc;
using namespace normc::test;
using nlohmann::json;
namespace fs = std::filesystem;

static constexpr size_t kHeaderBytes = 32;

/// An artifact with something in every field.
static Artifact fullArtifact() {
  Artifact artifact = objectArtifact("add_one");
  artifact.cpu = "znver4";
  artifact.requiredFeatures = {"avx512f", "fma"};
  artifact.arguments[0].alignment = 64;
  artifact.arguments[0].axes[0].mustBeNonEmpty = true;
  artifact.arguments[1].axes[0].stride = {};
  artifact.arguments.push_back(
      {.name = "\xc2\xb5", .dtype = DType::BF16, .axes = {}});
  artifact.words.push_back({.argument = 1, .axis = 0, .isStride = true});
  artifact.divisibility = {{SizeExpr::word(1), 8, "columns"}};
  artifact.minimums = {{SizeExpr::word(1), 2, "columns"}};
  artifact.inPlace = {{.input = 0, .output = 1}};
  artifact.stages[0].chunksPerBlock = 3;
  artifact.scratchBytes = {
      {{SizeExpr::Op::Word, 0}, {SizeExpr::Op::AlignTo, 64}}};
  artifact.norms = {{.statistic = "mean_variance",
                     .epsilon = 1e-5,
                     .placement = "add",
                     .input = 0,
                     .axes = {1, -1},
                     .groups = std::numeric_limits<int64_t>::max(),
                     .groupAxis = std::numeric_limits<int64_t>::min(),
                     .mean = 1,
                     .variance = -1}};
  return artifact;
}

static std::string header(uint64_t version, uint64_t length,
                          uint64_t checksum) {
  std::string bytes("\x89NORMC\r\n", 8);
  for (uint64_t number : {version, length, checksum})
    for (int shift = 0; shift < 64; shift += 8)
      bytes.push_back(static_cast<char>(number >> shift));
  return bytes;
}

/// A file around any payload, with the right length and checksum.
static std::string file(const std::string &payload,
                        uint64_t version = Artifact::kFormatVersion) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : payload)
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return header(version, payload.size(), hash) + payload;
}

static json payloadOf(const Artifact &artifact) {
  return json::from_cbor(serialize(artifact).substr(kHeaderBytes));
}

static std::string file(const json &payload) {
  std::string bytes;
  json::to_cbor(payload, bytes);
  return file(bytes);
}

static void expectRefused(const std::string &bytes, const std::string &message,
                          ErrorKind kind = ErrorKind::InvalidArgument) {
  Result<Artifact> artifact = deserialize(bytes);
  ASSERT_FALSE(artifact) << "expected: " << message;
  EXPECT_EQ(artifact.error().kind, kind);
  EXPECT_EQ(artifact.error().message, message);
}

namespace {
/// A folder of the test's own.
class ArtifactFilesTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/normc-artifacts-XXXXXX";
    ASSERT_TRUE(mkdtemp(pattern.data()));
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }

  size_t count() const {
    return size_t(std::distance(fs::directory_iterator(folder), {}));
  }
  void write(const std::string &path, const std::string &bytes) const {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  std::string folder;
};
} // namespace

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

TEST(ArtifactFileTest, ComesBackTheSame) {
  Artifact artifact = fullArtifact();
  std::string bytes = serialize(artifact);
  EXPECT_TRUE(isArtifact(bytes));
  Result<Artifact> back = deserialize(bytes);
  ASSERT_TRUE(back) << messageOf(back);
  EXPECT_EQ(back->formatVersion, Artifact::kFormatVersion);
  EXPECT_EQ(back->image, artifact.image);
  EXPECT_EQ(back->norms, artifact.norms);
  EXPECT_EQ(back->scratchBytes, artifact.scratchBytes);
  EXPECT_EQ(back->requiredFeatures, artifact.requiredFeatures);
  EXPECT_EQ(back->arguments[2].name, "\xc2\xb5");
  EXPECT_EQ(back->arguments[2].dtype, DType::BF16);
  EXPECT_TRUE(back->arguments[1].axes[0].stride.steps.empty());
  // Every field: the bytes are a function of them all.
  EXPECT_EQ(serialize(*back), bytes);
}

TEST(ArtifactFileTest, KeepsEveryFieldInItsPlace) {
  json payload = payloadOf(fullArtifact());
  EXPECT_EQ(payload["cpu"], "znver4");
  EXPECT_EQ(payload["arguments"][0]["alignment"], 64);
  EXPECT_EQ(payload["arguments"][0]["axes"][0]["mustBeNonEmpty"], true);
  EXPECT_EQ(payload["words"][2]["isStride"], true);
  EXPECT_EQ(payload["divisibility"][0]["divisor"], 8);
  EXPECT_EQ(payload["inPlace"][0]["output"], 1);
  EXPECT_EQ(payload["stages"][0]["entry"], "add_one");
  EXPECT_EQ(payload["scratchBytes"], json({1, 0, 6, 64}));
  EXPECT_EQ(payload["norms"][0]["epsilon"], 1e-5);
  EXPECT_EQ(payload["minimums"][0]["minimum"], 2);
  EXPECT_EQ(payload.size(), 13u);
}

TEST(ArtifactFileTest, RunsAfterwards) {
  Result<Artifact> back = deserialize(serialize(objectArtifact("add_one")));
  ASSERT_TRUE(back);
  Result<Kernel> kernel = Kernel::load(*back);
  ASSERT_TRUE(kernel) << messageOf(kernel);
  std::vector<float> x = {1, 2}, y(2);
  EXPECT_TRUE(kernel->run({f32(x, {1, 2}), f32(y, {1, 2})}));
  EXPECT_EQ(y, (std::vector<float>{2, 3}));
}

TEST(ArtifactFileTest, RefusesWhatIsNoArtifact) {
  expectRefused("", "artifact: expected a file that normc wrote, but its 0 "
                    "bytes begin in another way");
  expectRefused("func.func @f() {}",
                "artifact: expected a file that normc wrote, but its 17 bytes "
                "begin in another way");
  EXPECT_FALSE(isArtifact(std::string_view("func.func")));
  EXPECT_FALSE(isArtifact(std::string_view()));
}

TEST(ArtifactFileTest, RefusesOtherVersions) {
  expectRefused(file("", 1), "artifact: expected format version 4, but got 1",
                ErrorKind::Environment);
  expectRefused(file("", uint64_t(1) << 32 | 4),
                "artifact: expected format version 4, but got 4294967300",
                ErrorKind::Environment);
}

TEST(ArtifactFileTest, RefusesLengthsAndDamage) {
  std::string bytes = serialize(fullArtifact());
  std::string size = std::to_string(bytes.size() - kHeaderBytes);
  expectRefused(bytes.substr(0, 31),
                "artifact: expected a header of 32 bytes, but got 31");
  expectRefused(bytes.substr(0, kHeaderBytes),
                "artifact: expected " + size +
                    " bytes behind the header, but got 0");
  expectRefused(bytes + "x",
                "artifact: expected " + size +
                    " bytes behind the header, but got " +
                    std::to_string(bytes.size() - kHeaderBytes + 1));
  std::string claim = bytes;
  claim[23] = '\x7f';
  Result<Artifact> huge = deserialize(claim);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().kind, ErrorKind::InvalidArgument);
  EXPECT_NE(huge.error().message.find("expected at most 1073741824 bytes, but "
                                      "the header says 9151314442816"),
            std::string::npos)
      << huge.error().message;
  bytes.back() ^= 1;
  expectRefused(bytes, "artifact: expected bytes that match their checksum, "
                       "but they are damaged");
}

TEST(ArtifactFileTest, RefusesOtherEncodings) {
  const std::string message =
      "artifact: expected an encoded map, but got other bytes";
  expectRefused(file(std::string()), message);
  expectRefused(file(std::string(100, 'x')), message);
  // Each would take a stack of its own depth.
  expectRefused(file(std::string(10'000'000, '\x81')), message);
  expectRefused(file(std::string(10'000'000, '\x7f')), message);
  expectRefused(file(std::string(10'000'000, '\xc1')), message);
  // An array of 2^60 elements.
  expectRefused(file("\x9b\x10" + std::string(7, '\0') + "\x01"), message);
  expectRefused(file(json::array()),
                "artifact: expected an object, but got array");
}

TEST(ArtifactFileTest, NamesMissingAndFurtherFields) {
  json payload = payloadOf(fullArtifact());
  for (const auto &[name, value] : payload.items()) {
    json part = payload;
    part.erase(name);
    expectRefused(file(part), "artifact, " + name +
                                  ": expected this field, but it is missing");
    part[name] = value.is_string() ? json(7) : json("text");
    Result<Artifact> artifact = deserialize(file(part));
    ASSERT_FALSE(artifact) << name;
    EXPECT_TRUE(artifact.error().message.starts_with("artifact, " + name +
                                                     ": expected "))
        << artifact.error().message;
  }
  payload["arguments"][1]["axes"][0].erase("extent");
  expectRefused(file(payload), "artifact, arguments[1].axes[0].extent: "
                               "expected this field, but it is missing");
  payload = payloadOf(fullArtifact());
  payload["stages"][0]["colour"] = "red";
  expectRefused(file(payload),
                "artifact, stages[0]: expected 4 fields, but got 5");
}

TEST(ArtifactFileTest, NamesWrongValues) {
  auto refused = [](auto change, const std::string &message) {
    json payload = payloadOf(fullArtifact());
    change(payload);
    expectRefused(file(payload), message);
  };
  refused([](json &p) { p["name"] = 5; },
          "artifact, name: expected a string, but got number");
  refused([](json &p) { p["stages"][0]["offset"] = 1.5; },
          "artifact, stages[0].offset: expected an integer, but got number");
  refused([](json &p) { p["stages"][0]["offset"] = uint64_t(1) << 63; },
          "artifact, stages[0].offset: expected an integer from "
          "-9223372036854775808 to 9223372036854775807, but got "
          "9223372036854775808");
  refused([](json &p) { p["words"][0]["axis"] = int64_t(1) << 31; },
          "artifact, words[0].axis: expected an integer from -2147483648 to "
          "2147483647, but got 2147483648");
  refused([](json &p) { p["words"][0]["isStride"] = 1; },
          "artifact, words[0].isStride: expected a boolean, but got number");
  refused([](json &p) { p["norms"][0]["epsilon"] = "small"; },
          "artifact, norms[0].epsilon: expected a number, but got string");
  refused([](json &p) { p["arguments"][0]["dtype"] = "f8"; },
          "artifact, arguments[0].dtype: expected f16, bf16, f32, f64, "
          "f8E4M3FN, f8E5M2, i8, i32 or i64, but got another type");
  refused([](json &p) { p["scratchBytes"] = {0}; },
          "artifact, scratchBytes: expected pairs of numbers, but got 1 "
          "numbers");
  refused([](json &p) { p["scratchBytes"] = {7, 0}; },
          "artifact, scratchBytes: expected an operation of sizes, but got 7");
  refused([](json &p) { p["image"] = "code"; },
          "artifact, image: expected bytes, but got string");
  refused([](json &p) { p["inPlace"] = json::object(); },
          "artifact, inPlace: expected a list, but got object");
  refused([](json &p) { p["requiredFeatures"][1] = nullptr; },
          "artifact, requiredFeatures[1]: expected a string, but got null");
}

TEST(ArtifactFileTest, RefusesEveryTruncation) {
  std::string bytes = serialize(fullArtifact());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(deserialize(std::span(bytes.data(), size))) << size;
    if (size < kHeaderBytes)
      continue;
    // Also where somebody has made the header fit.
    EXPECT_FALSE(
        deserialize(file(bytes.substr(kHeaderBytes, size - kHeaderBytes))))
        << size;
  }
}

TEST(ArtifactFileTest, SurvivesRandomBytes) {
  const std::string whole = serialize(fullArtifact());
  const std::string payload = whole.substr(kHeaderBytes);
  std::mt19937 random(20250101);
  size_t decoded = 0, accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string changed = payload;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
      changed[random() % changed.size()] = static_cast<char>(random());
    if (changed != payload) {
      EXPECT_FALSE(deserialize(whole.substr(0, kHeaderBytes) + changed));
    }
    Result<Artifact> artifact = deserialize(file(changed));
    if (!artifact) {
      EXPECT_EQ(artifact.error().kind, ErrorKind::InvalidArgument);
      continue;
    }
    ++decoded;
    accepted += bool(validateArtifact(*artifact));
    // What was read is what would be written.
    Result<Artifact> again = deserialize(serialize(*artifact));
    ASSERT_TRUE(again) << messageOf(again);
  }
  // Neither all nor nothing, or the test would miss its point.
  EXPECT_GT(decoded, 1000u);
  EXPECT_LT(decoded, 19000u);
  EXPECT_GT(accepted, 500u);
  EXPECT_LT(accepted, decoded);
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

/// Two variants of one name, the first for a machine that there isn't.
static std::vector<Artifact> twoVariants() {
  std::vector<Artifact> variants{fullArtifact(), fullArtifact()};
  variants[0].requiredFeatures = {"sve512"};
  variants[1].cpu = "generic";
  return variants;
}

/// `bytes` as the payload of a file of variants.
static std::string variantsFile(const std::string &bytes) {
  std::string whole = file(bytes);
  whole[5] = 'V';
  return whole;
}

static std::string variantsMessage(const std::string &bytes) {
  Result<std::vector<Artifact>> variants = deserializeVariants(bytes);
  if (variants)
    return "no error";
  EXPECT_EQ(variants.error().kind, ErrorKind::InvalidArgument);
  return variants.error().message;
}

TEST(ArtifactFileTest, VariantsComeBackInOrder) {
  std::vector<Artifact> variants = twoVariants();
  std::string bytes = serialize(std::span<const Artifact>(variants));
  EXPECT_TRUE(isArtifact(bytes));
  Result<std::vector<Artifact>> back = deserializeVariants(bytes);
  ASSERT_TRUE(back) << messageOf(back);
  ASSERT_EQ(back->size(), 2u);
  for (size_t i = 0; i < 2; ++i)
    EXPECT_EQ(serialize((*back)[i]), serialize(variants[i])) << i;
}

TEST(ArtifactFileTest, OneVariantIsAPlainArtifact) {
  std::vector<Artifact> one{fullArtifact()};
  std::string bytes = serialize(std::span<const Artifact>(one));
  EXPECT_EQ(bytes, serialize(one[0]));
  Result<std::vector<Artifact>> back = deserializeVariants(bytes);
  ASSERT_TRUE(back) << messageOf(back);
  EXPECT_EQ(back->size(), 1u);
}

TEST(ArtifactFileTest, RefusesVariantsWhereOneArtifactIsExpected) {
  std::vector<Artifact> variants = twoVariants();
  expectRefused(serialize(std::span<const Artifact>(variants)),
                "artifact: expected one artifact, but got variants for several "
                "machines");
}

TEST(ArtifactFileTest, RefusesDamagedVariants) {
  std::vector<Artifact> variants = twoVariants();
  std::string bytes = serialize(std::span<const Artifact>(variants));
  std::string a = serialize(variants[0]), b = serialize(variants[1]);
  ASSERT_EQ(variantsFile(a + b), bytes);
  // Cut off between two variants, too.
  for (size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 61)
    EXPECT_NE(variantsMessage(bytes.substr(0, size)), "no error") << size;
  EXPECT_NE(variantsMessage(bytes.substr(0, kHeaderBytes + a.size())),
            "no error");
  EXPECT_NE(variantsMessage(bytes + "x"), "no error");
  EXPECT_NE(variantsMessage(a + b), "no error");
  for (size_t at : {size_t(40), kHeaderBytes + a.size() + 40}) {
    std::string changed = bytes;
    changed[at] ^= 1;
    EXPECT_EQ(variantsMessage(changed),
              "artifact: expected bytes that match their checksum, but they "
              "are damaged");
  }
  // Whole, but not what it should be.
  EXPECT_EQ(variantsMessage(variantsFile("")),
            "artifact: expected at least 1 variant, but got 0");
  EXPECT_EQ(variantsMessage(variantsFile(a + variantsFile(b))),
            "artifact: expected one artifact, but got variants for several "
            "machines");
  EXPECT_EQ(variantsMessage(variantsFile(a + "rest")),
            "artifact: expected a file that normc wrote, but its 4 bytes begin "
            "in another way");
  variants[1].name = "other";
  EXPECT_EQ(variantsMessage(serialize(std::span<const Artifact>(variants))),
            "artifact: expected variants of '" + variants[0].name +
                "', but got one of 'other'");
}

TEST_F(ArtifactFilesTest, SavesVariants) {
  std::string path = folder + "/a.norm";
  ASSERT_TRUE(saveVariants(twoVariants(), path));
  Result<std::vector<Artifact>> back = loadVariants(path);
  ASSERT_TRUE(back) << messageOf(back);
  EXPECT_EQ((*back)[0].requiredFeatures, std::vector<std::string>{"sve512"});
  EXPECT_EQ(messageOf(loadArtifact(path)),
            "'" + path +
                "': artifact: expected one artifact, but got variants "
                "for several machines");
  EXPECT_EQ(messageOf(loadVariants(folder + "/none")),
            "cannot read '" + folder + "/none': No such file or directory");
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

TEST_F(ArtifactFilesTest, SavesAndLoads) {
  std::string path = folder + "/rms.norm";
  ASSERT_TRUE(saveArtifact(fullArtifact(), path));
  Result<Artifact> artifact = loadArtifact(path);
  ASSERT_TRUE(artifact) << messageOf(artifact);
  EXPECT_EQ(serialize(*artifact), serialize(fullArtifact()));
  // Again, over the old one; no temporary file stays.
  ASSERT_TRUE(saveArtifact(objectArtifact("row_sums"), path));
  EXPECT_EQ(loadArtifact(path)->stages[0].entry, "row_sums");
  EXPECT_EQ(count(), 1u);
}

TEST_F(ArtifactFilesTest, GivesTheSystemsReason) {
  Status status = saveArtifact(fullArtifact(), folder + "/none/a.norm");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::Environment);
  EXPECT_EQ(status.error().message, "cannot write '" + folder +
                                        "/none/a.norm': No such file or "
                                        "directory");
  fs::create_directory(folder + "/taken");
  EXPECT_EQ(messageOf(saveArtifact(fullArtifact(), folder + "/taken")),
            "cannot write '" + folder + "/taken': Is a directory");
  EXPECT_EQ(count(), 1u) << "a temporary file stays";

  Result<Artifact> artifact = loadArtifact(folder + "/none");
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().kind, ErrorKind::Environment);
  EXPECT_EQ(artifact.error().message,
            "cannot read '" + folder + "/none': No such file or directory");
  EXPECT_EQ(messageOf(loadArtifact(folder + "/taken")),
            "cannot read '" + folder + "/taken': Is a directory");
}

TEST_F(ArtifactFilesTest, NamesTheFileThatIsWrong) {
  std::string path = folder + "/bad.norm";
  write(path, "");
  EXPECT_EQ(messageOf(loadArtifact(path)),
            "'" + path +
                "': artifact: expected a file that normc wrote, but "
                "its 0 bytes begin in another way");
  std::string bytes = serialize(fullArtifact());
  write(path, bytes + "x");
  EXPECT_NE(messageOf(loadArtifact(path)).find("behind the header, but got"),
            std::string::npos);
  // Endless files are not read to their end.
  EXPECT_NE(messageOf(loadArtifact("/dev/zero")).find("normc wrote"),
            std::string::npos);
  write(path, header(Artifact::kFormatVersion, uint64_t(1) << 29, 0));
  EXPECT_EQ(messageOf(loadArtifact(path)),
            "'" + path +
                "': artifact: expected 536870912 bytes behind the "
                "header, but got 0");
}

TEST_F(ArtifactFilesTest, ReadersNeverSeeAPart) {
  std::string path = folder + "/shared.norm";
  ASSERT_TRUE(saveArtifact(fullArtifact(), path));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 100; ++round) {
        if (t % 2) {
          EXPECT_TRUE(saveArtifact(fullArtifact(), path));
        } else {
          EXPECT_EQ(messageOf(loadArtifact(path)), "no error");
        }
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(count(), 1u);
}
