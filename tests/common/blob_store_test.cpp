#include "common/blob_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>

#include "common/io_pool.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class BlobStoreTest : public testing::Test {
 protected:
  BlobStoreTest() {
    std::string name = (fs::temp_directory_path() / "hearth-blobs-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~BlobStoreTest() override { fs::remove_all(directory_); }

  BlobStore open_store(std::uint64_t blob_bytes_max = 1 << 20) {
    return BlobStore::make({directory_ / "artifacts", blob_bytes_max}).value();
  }
  std::size_t unfinished_files() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_ / "artifacts" / "unfinished"), {}));
  }
  static std::string read_all(BlobReader reader, std::size_t step) {
    std::string all;
    for (auto part = reader.read(step).value(); !part.empty(); part = reader.read(step).value()) {
      all += part;
    }
    return all;
  }
  // Last used so many seconds after some beginning.
  static void set_used(const BlobStore& store, const std::string& digest, time_t seconds) {
    const timespec times[2] = {{1'000'000 + seconds, 0}, {1'000'000 + seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, store.path(digest).c_str(), times, 0), 0);
  }

  fs::path directory_;
};

TEST_F(BlobStoreTest, ABlobCountsOnceItIsFinished) {
  auto store = open_store();
  const std::string bytes("he\0llo", 6);
  const std::string digest = sha256(bytes);
  auto upload = store.begin_upload(digest, bytes.size()).value();
  ASSERT_TRUE(upload.write(bytes.substr(0, 2)));
  ASSERT_TRUE(upload.write(bytes.substr(2)));
  EXPECT_FALSE(store.has(digest));
  ASSERT_TRUE(upload.finish());
  EXPECT_TRUE(store.has(digest));
  EXPECT_TRUE(fs::exists(directory_ / "artifacts" / digest.substr(0, 2) / digest.substr(2)));
  EXPECT_EQ(unfinished_files(), 0u);

  auto again = open_store();
  EXPECT_EQ(again.open(digest)->size(), 6u);
  EXPECT_EQ(read_all(again.open(digest).value(), 4), bytes);
  EXPECT_EQ(read_all(again.open(digest, 3).value(), 100), bytes.substr(3));
  EXPECT_EQ(read_all(again.open(digest, 6).value(), 100), "");
}

TEST_F(BlobStoreTest, TheEmptyBlobIsABlob) {
  auto store = open_store();
  const auto digest = store.put("").value();
  EXPECT_TRUE(store.has(digest));
  EXPECT_EQ(read_all(store.open(digest).value(), 10), "");
}

TEST_F(BlobStoreTest, WrongBytesAreRefusedAndLeaveNothing) {
  auto store = open_store();
  const auto announced = sha256("hello");
  {
    auto upload = store.begin_upload(announced, 5).value();
    ASSERT_TRUE(upload.write("jello"));
    const auto refused = upload.finish();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr(announced));
    EXPECT_THAT(refused.error().message, HasSubstr(sha256("jello")));
  }
  {
    auto upload = store.begin_upload(announced, 6).value();
    ASSERT_TRUE(upload.write("hello"));
    EXPECT_EQ(upload.finish().error().code, ErrorCode::kInvalidArgument);
  }
  {
    auto upload = store.begin_upload(announced, 4).value();
    EXPECT_EQ(upload.write("hello").error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(store.has(announced));
  EXPECT_EQ(unfinished_files(), 0u);
  EXPECT_EQ(store.total_bytes().value(), 0u);
}

TEST_F(BlobStoreTest, RequestsThatCannotSucceedAreRefused) {
  auto store = open_store(100);
  const auto digest = sha256("hello");
  EXPECT_EQ(store.begin_upload("../../etc/passwd", 5).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store.begin_upload(digest, 101).error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(store.begin_upload(digest, 100));
  EXPECT_EQ(store.open(digest).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store.open("nonsense").error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(store.has("nonsense"));
  ASSERT_TRUE(store.put("hello"));
  EXPECT_EQ(store.open(digest, 6).error().code, ErrorCode::kOutOfRange);
}

TEST_F(BlobStoreTest, MissingDigestsAreNamedOnceInTheOrderAsked) {
  auto store = open_store();
  const auto here = store.put("here").value();
  const auto a = sha256("a");
  const auto b = sha256("b");
  EXPECT_THAT(store.find_missing({b, here, a, b}).value(), ElementsAre(b, a));
  EXPECT_EQ(store.find_missing({a, "x"}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(BlobStoreTest, WhatUploadsLeftBehindIsSweptAtStart) {
  const auto digest = open_store().put("kept").value();
  std::ofstream(directory_ / "artifacts" / "unfinished" / "left-behind") << "half";
  auto store = open_store();
  EXPECT_EQ(unfinished_files(), 0u);
  EXPECT_TRUE(store.has(digest));
}

TEST_F(BlobStoreTest, AFullDiskIsResourceExhausted) {
  auto store = open_store();
  const std::string bytes(200'000, 'x');
  auto upload = store.begin_upload(sha256(bytes), bytes.size()).value();
  // A limit on the size of files stands in for the full disk.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = upload.write(bytes);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kResourceExhausted);
}

TEST_F(BlobStoreTest, OneDigestMayBeUploadedByManyAtATime) {
  auto store = open_store();
  const std::string bytes(100'000, 'y');
  const auto digest = sha256(bytes);
  std::atomic<int> stored = 0;
  {
    IoPool pool(4);
    for (int i = 0; i < 16; ++i) {
      pool.post([&] {
        auto upload = store.begin_upload(digest, bytes.size()).value();
        if (upload.write(bytes) && upload.finish()) ++stored;
      });
    }
  }
  EXPECT_EQ(stored, 16);
  EXPECT_EQ(read_all(store.open(digest).value(), 33'333), bytes);
  EXPECT_EQ(store.total_bytes().value(), bytes.size());
  EXPECT_EQ(unfinished_files(), 0u);
}

TEST_F(BlobStoreTest, TheLeastRecentlyUsedIsEvictedFirst) {
  auto store = open_store();
  std::vector<std::string> digests;
  for (const char c : {'a', 'b', 'c', 'd'})
    digests.push_back(store.put(std::string(10, c)).value());
  const time_t used[] = {3, 1, 4, 2};
  for (std::size_t i = 0; i < 4; ++i) set_used(store, digests[i], used[i]);

  EXPECT_EQ(store.evict_to(40, {}).value(), 40u);
  EXPECT_EQ(store.evict_to(39, {}).value(), 30u);
  EXPECT_FALSE(store.has(digests[1]));
  ASSERT_TRUE(store.open(digests[3])) << "used now";
  auto reader = store.open(digests[0]).value();
  set_used(store, digests[0], 3);
  EXPECT_EQ(store.evict_to(20, {digests[2]}).value(), 20u);
  EXPECT_FALSE(store.has(digests[0]));
  EXPECT_EQ(reader.read(10).value(), std::string(10, 'a')) << "open readers read on";
  EXPECT_EQ(store.evict_to(0, {digests[2]}).value(), 10u) << "pinned";
  EXPECT_TRUE(store.has(digests[2]));
}

}  // namespace
}  // namespace hearth
