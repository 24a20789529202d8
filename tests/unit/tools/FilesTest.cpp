//===- FilesTest.cpp - files appear whole or not at all -------------------===//

#include "tools/normc/Files.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace normc;
using namespace normc::tool;
using testing::HasSubstr;

namespace {
class FilesTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("normc-files", path));
    folder = path.str().str();
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string in(const std::string &name) const { return folder + "/" + name; }
  std::string contents(const std::string &name) const {
    auto file = readFile(in(name));
    return file ? (*file)->getBuffer().str() : "(" + file.error().message + ")";
  }
  size_t countFiles() const {
    auto entries = std::filesystem::directory_iterator(folder);
    return std::distance(begin(entries), end(entries));
  }

  std::string folder;
};
} // namespace

TEST_F(FilesTest, WritesPartsInOrder) {
  OutputFiles files;
  ASSERT_TRUE(files.add(in("a"), {"one", " ", "two"}));
  EXPECT_FALSE(std::filesystem::exists(in("a")));
  ASSERT_TRUE(files.commit());
  EXPECT_EQ(contents("a"), "one two");
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(FilesTest, TellsBeforehandWhatCanBeWritten) {
  std::ofstream(in("a")) << "old";
  for (const std::string &path : {in("a"), in("b"), std::string("-")})
    EXPECT_TRUE(checkWritable(path)) << path;
  for (const std::string &path : {folder, in("missing/c")}) {
    Status status = checkWritable(path);
    ASSERT_FALSE(status) << path;
    EXPECT_EQ(status.error().kind, ErrorKind::Environment);
    EXPECT_THAT(status.error().message, HasSubstr("cannot write '" + path));
  }
  EXPECT_EQ(contents("a"), "old");
  EXPECT_EQ(countFiles(), 1u);
}

// A pipe that is opened and closed would end for its reader.
TEST_F(FilesTest, TheCheckDoesNotOpenAPipe) {
  ASSERT_EQ(mkfifo(in("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(checkWritable(in("pipe"))); // Opening it would wait for a reader.
}

TEST_F(FilesTest, LeavesNothingBehindWithoutCommit) {
  std::ofstream(in("a")) << "old";
  {
    OutputFiles files;
    ASSERT_TRUE(files.add(in("a"), {"new"}));
    ASSERT_TRUE(files.add(in("b"), {"new"}));
    Status status = files.add(in("missing/c"), {"new"});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Environment);
    EXPECT_THAT(status.error().message, HasSubstr("missing/c'"));
  }
  EXPECT_EQ(contents("a"), "old");
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(FilesTest, RefusesDirectories) {
  OutputFiles files;
  Status status = files.add(folder, {"text"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "cannot write '" + folder + "': Is a directory");
  auto file = readFile(folder);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message,
            "cannot read '" + folder + "': Is a directory");
}

TEST_F(FilesTest, WritesDevicesInPlace) {
  OutputFiles files;
  EXPECT_TRUE(files.add("/dev/null", {"text"}));
  Status status = files.add("/dev/full", {"text"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "cannot write '/dev/full': No space left on device");
}

TEST_F(FilesTest, MissingFile) {
  auto file = readFile(in("missing"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::Environment);
  EXPECT_EQ(file.error().message,
            "cannot read '" + in("missing") + "': No such file or directory");
}

TEST_F(FilesTest, OutputsAreApartFromInputs) {
  std::ofstream(in("x")) << "x";
  std::filesystem::create_symlink(in("x"), in("link"));
  EXPECT_TRUE(checkApart(in("y"), {in("x")}));
  EXPECT_TRUE(checkApart("-", {"-"}));
  for (const std::string &output : {in("x"), in("link"), in("./x")}) {
    Status status = checkApart(output, {in("y"), in("x")});
    ASSERT_FALSE(status) << output;
    EXPECT_EQ(status.error().message, "expected an output file of its own, but "
                                      "'" +
                                          output + "' is also '" + in("x") +
                                          "'");
  }
  // Two outputs of one name, neither of which exists.
  EXPECT_FALSE(checkApart(in("y"), {in("y")}));
  EXPECT_FALSE(checkApart(in("y"), {in("./y")}));
}

TEST_F(FilesTest, EndlessAndHugeFilesAreRefused) {
  constexpr uint64_t limit = uint64_t(3) << 20;
  auto endless = readFile("/dev/zero", limit);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().kind, ErrorKind::InvalidArgument);
  EXPECT_EQ(endless.error().message,
            "expected '/dev/zero' to have at most 3 MiB, but it has more");
  std::ofstream(in("huge")).close();
  std::filesystem::resize_file(in("huge"), limit + 1);
  EXPECT_FALSE(readFile(in("huge"), limit));
  std::filesystem::resize_file(in("huge"), limit);
  auto file = readFile(in("huge"), limit);
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->getBufferSize(), limit);
}

TEST_F(FilesTest, AStreamOfAnotherKindIsNotReadOn) {
  auto file = readFile("/dev/zero", std::nullopt, "\x93NUMPY");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_LE((*file)->getBufferSize(), size_t(1) << 20);
}

TEST_F(FilesTest, DevicesAreReadToTheirEnd) {
  auto file = readFile("/dev/null");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->getBufferSize(), 0u);
}
