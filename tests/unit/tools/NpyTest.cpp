//===- NpyTest.cpp - .npy files that are right, and many that are wrong ---===//

#include "tools/normc/Npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;
using testing::HasSubstr;

/// A file of the given format version, header text and number of data bytes.
static std::string makeFile(int version, const std::string &header,
                            size_t dataBytes) {
  std::string file = std::string("\x93NUMPY") + static_cast<char>(version);
  file += '\0';
  size_t length = header.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(length >> (8 * i) & 0xff);
  file += header;
  for (size_t i = 0; i < dataBytes; ++i)
    file += static_cast<char>(i);
  return file;
}

static std::string makeHeader(const std::string &descr,
                              const std::string &shape,
                              const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran +
         ", 'shape': " + shape + ", }     \n";
}

/// The message of the error that parsing gives, or "" where there is none.
static std::string messageOf(const std::string &file,
                             DType dtype = DType::F32) {
  Result<Array> array = parseNpy(file, dtype, "'x'");
  if (array)
    return "";
  EXPECT_EQ(array.error().kind, ErrorKind::InvalidArgument);
  return array.error().message;
}

TEST(NpyTest, ReadsEveryVersion) {
  for (int version : {1, 2, 3}) {
    Result<Array> array = parseNpy(
        makeFile(version, makeHeader("<f4", "(2, 3)"), 24), DType::F32, "'x'");
    ASSERT_TRUE(array) << array.error().message;
    EXPECT_EQ(array->shape, (Dims{2, 3}));
    EXPECT_EQ(array->strides, (Dims{3, 1}));
    EXPECT_EQ(array->bytes, 24);
    EXPECT_EQ(array->data[23], std::byte{23});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array->data.get()) % 64, 0u);
  }
}

TEST(NpyTest, FortranOrderGivesStrides) {
  Result<Array> array =
      parseNpy(makeFile(1, makeHeader("<f8", "(2, 3, 5)", "True"), 240),
               DType::F64, "'x'");
  ASSERT_TRUE(array) << array.error().message;
  EXPECT_EQ(array->strides, (Dims{1, 2, 6}));
}

TEST(NpyTest, ShapesOfEveryRank) {
  auto shapeOf = [](const std::string &shape, size_t bytes) {
    Result<Array> array = parseNpy(makeFile(1, makeHeader("<f4", shape), bytes),
                                   DType::F32, "'x'");
    EXPECT_TRUE(array) << array.error().message;
    return array ? array->shape : Dims{-1};
  };
  EXPECT_EQ(shapeOf("()", 4), Dims{});
  EXPECT_EQ(shapeOf("(5,)", 20), Dims{5});
  EXPECT_EQ(shapeOf("(5L, 2L)", 40), (Dims{5, 2}));
  EXPECT_EQ(shapeOf("(0, 7)", 0), (Dims{0, 7}));
  EXPECT_EQ(shapeOf("(1, 1, 1, 1, 1, 1, 1, 1)", 4),
            (Dims{1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(NpyTest, ItemsInAnyOrder) {
  std::string header =
      "{\"shape\":(2,),'fortran_order':False,\"descr\":\"<f4\"}";
  EXPECT_EQ(messageOf(makeFile(1, header, 8)), "");
}

TEST(NpyTest, Bf16IsRawBytes) {
  for (const char *descr : {"<V2", "|V2", "<u2"})
    EXPECT_EQ(messageOf(makeFile(1, makeHeader(descr, "(3,)"), 6), DType::BF16),
              "");
  EXPECT_THAT(
      messageOf(makeFile(1, makeHeader("<f2", "(3,)"), 6), DType::BF16),
      HasSubstr("expected elements of type '<V2' (bf16), but got '<f2'"));
  EXPECT_THAT(messageOf(makeFile(1, makeHeader("<V2", "(3,)"), 6), DType::F16),
              HasSubstr("expected elements of type '<f2' (f16)"));
}

TEST(NpyTest, EightBitFloatsAreRawBytes) {
  for (DType dtype : {DType::F8E4M3FN, DType::F8E5M2}) {
    for (const char *descr : {"<V1", "|V1", "|u1"})
      EXPECT_EQ(messageOf(makeFile(1, makeHeader(descr, "(3,)"), 3), dtype),
                "");
    EXPECT_THAT(messageOf(makeFile(1, makeHeader("|i1", "(3,)"), 3), dtype),
                HasSubstr("expected elements of type '<V1' ("));
    EXPECT_THAT(messageOf(makeFile(1, makeHeader("<V2", "(3,)"), 6), dtype),
                HasSubstr("but got '<V2'"));
  }
  EXPECT_EQ(
      messageOf(makeFile(1, makeHeader("<f1", "(3,)"), 3), DType::F8E5M2), "");
  EXPECT_THAT(
      messageOf(makeFile(1, makeHeader("<f1", "(3,)"), 3), DType::F8E4M3FN),
      HasSubstr("but got '<f1'"));
}

TEST(NpyTest, Integers) {
  for (auto [dtype, descr, bytes] : {std::tuple(DType::I8, "|i1", 3),
                                     {DType::I32, "<i4", 12},
                                     {DType::I64, "<i8", 24}}) {
    EXPECT_EQ(messageOf(makeFile(1, makeHeader(descr, "(3,)"), bytes), dtype),
              "");
    EXPECT_THAT(npyHeader(dtype, {3}), HasSubstr(descr));
  }
  EXPECT_THAT(messageOf(makeFile(1, makeHeader("|u1", "(3,)"), 3), DType::I8),
              HasSubstr("expected elements of type '|i1' (i8), but got '|u1'"));
}

TEST(NpyTest, RefusesOtherTypes) {
  auto refuse = [](const std::string &descr) {
    return messageOf(makeFile(1, makeHeader(descr, "(2,)"), 8));
  };
  EXPECT_EQ(refuse("<f8"),
            "'x': expected elements of type '<f4' (f32), but got '<f8'");
  EXPECT_THAT(refuse(">f4"), HasSubstr("but got '>f4' (big-endian)"));
  EXPECT_THAT(refuse("|O"), HasSubstr("but got '|O' (objects)"));
  EXPECT_THAT(messageOf(makeFile(1,
                                 "{'descr': [('a', '<f4'), ('b', '<i4')], "
                                 "'fortran_order': False, 'shape': (1,), }",
                                 8)),
              HasSubstr("(a structure)"));
}

TEST(NpyTest, RefusesWhatIsNoNpy) {
  EXPECT_EQ(messageOf(""), "'x': expected a .npy file");
  EXPECT_EQ(messageOf("\x93NUMP"), "'x': expected a .npy file");
  EXPECT_EQ(messageOf("PK\x03\x04 a zip file"), "'x': expected a .npy file");
  EXPECT_THAT(messageOf(makeFile(4, makeHeader("<f4", "(2,)"), 8)),
              HasSubstr("expected .npy format version 1, 2 or 3, but got 4"));
}

TEST(NpyTest, RefusesTruncatedFiles) {
  std::string file = makeFile(1, makeHeader("<f4", "(2,)"), 8);
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(messageOf(file.substr(0, size)), "") << size;
  EXPECT_THAT(messageOf(file.substr(0, 9)),
              HasSubstr("the file ends within its header"));
  EXPECT_THAT(messageOf(file.substr(0, file.size() - 1)),
              HasSubstr("expected 8 bytes of elements for shape (2,), but the "
                        "file has 7"));
  EXPECT_THAT(messageOf(file + "x"), HasSubstr("but the file has 9"));
}

TEST(NpyTest, RefusesHeadersLongerThanTheFile) {
  std::string file = makeFile(2, makeHeader("<f4", "(2,)"), 8);
  file[11] = '\x7f';
  EXPECT_THAT(messageOf(file), HasSubstr("expected a header of 21307"));
}

TEST(NpyTest, RefusesShapesLargerThanTheFile) {
  EXPECT_THAT(messageOf(makeFile(1, makeHeader("<f4", "(1000000000000,)"), 8)),
              HasSubstr("expected 4000000000000 bytes of elements for shape "
                        "(1000000000000,), but the file has 8"));
  // 2^62 * 4 * 4 is 0 in 64 bits.
  EXPECT_THAT(
      messageOf(makeFile(1, makeHeader("<f4", "(4611686018427387904, 4)"), 0)),
      HasSubstr("expected fewer than 2^63 bytes"));
}

TEST(NpyTest, RefusesBadShapes) {
  for (const char *shape : {"(-1,)", "(2.5,)", "(2", "2", "('2',)",
                            "(99999999999999999999,)", "(,)", "(2 3)", "None"})
    EXPECT_THAT(messageOf(makeFile(1, makeHeader("<f4", shape), 8)),
                HasSubstr("expected a header like"))
        << shape;
  EXPECT_THAT(messageOf(makeFile(
                  1, makeHeader("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), 4)),
              HasSubstr("expected at most 8 axes, but got 9"));
}

TEST(NpyTest, RefusesBadHeaders) {
  for (const char *header :
       {"", "{", "{}", "{'descr': '<f4', 'shape': (2,), }",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': "
        "(2,)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} tail",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}"})
    EXPECT_THAT(messageOf(makeFile(1, header, 8)),
                HasSubstr("expected a header like"))
        << header;
}

TEST(NpyTest, WrittenHeadersAreReadBack) {
  for (DType dtype : {DType::F16, DType::BF16, DType::F32, DType::F64})
    for (const Dims &shape : {Dims{}, Dims{3}, Dims{0}, Dims{2, 3, 4}}) {
      Result<Array> out = allocateArray(dtype, shape, "'y'");
      ASSERT_TRUE(out);
      std::string file = npyHeader(dtype, shape);
      EXPECT_EQ(file.size() % 64, 0u);
      EXPECT_EQ(file.back(), '\n');
      file.append(reinterpret_cast<const char *>(out->data.get()), out->bytes);
      Result<Array> in = parseNpy(file, dtype, "'y'");
      ASSERT_TRUE(in) << in.error().message;
      EXPECT_EQ(in->shape, shape);
    }
}

TEST(NpyTest, AllocationRefusesWhatTheMachineLacks) {
  Result<Array> array =
      allocateArray(DType::F64, {int64_t(1) << 40, 1024}, "'y'");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().kind, ErrorKind::Environment);
  EXPECT_THAT(array.error().message,
              HasSubstr("'y': 9007199254740992 bytes for shape (1099511627776, "
                        "1024) of f64, but the machine has"));
  array = allocateArray(DType::F64, {int64_t(1) << 62, 1024}, "'y'");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().kind, ErrorKind::InvalidArgument);
}
