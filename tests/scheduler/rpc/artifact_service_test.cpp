#include <gmock/gmock.h>

#include "common/digest.h"
#include "harness.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;

class ArtifactServiceTest : public Served {
 protected:
  grpc::Status upload(const std::string& digest, const std::string& bytes, std::uint64_t size,
                      artifact::v1::UploadResponse* response) {
    Context context;
    const auto writer = artifacts_->Upload(&context, response);
    constexpr std::size_t kChunk = 512 * 1024;
    for (std::size_t offset = 0; offset == 0 || offset < bytes.size(); offset += kChunk) {
      artifact::v1::UploadRequest request;
      if (offset == 0) {
        request.set_digest(digest);
        request.set_size_bytes(size);
      }
      request.set_data(bytes.substr(offset, kChunk));
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  grpc::Status download(const std::string& digest, std::uint64_t offset, std::string* bytes) {
    Context context;
    artifact::v1::DownloadRequest request;
    request.set_digest(digest);
    request.set_offset(offset);
    const auto reader = artifacts_->Download(&context, request);
    artifact::v1::DownloadResponse response;
    while (reader->Read(&response)) *bytes += response.data();
    return reader->Finish();
  }
};

TEST_F(ArtifactServiceTest, ABlobComesBackAsItWas) {
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i >> 7);
  const auto digest = sha256(bytes);
  artifact::v1::UploadResponse response;
  auto status = upload(digest, bytes, bytes.size(), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(response.already_stored());
  ASSERT_TRUE(upload(digest, bytes, bytes.size(), &response).ok());
  EXPECT_TRUE(response.already_stored());

  std::string all;
  ASSERT_TRUE(download(digest, 0, &all).ok());
  EXPECT_TRUE(all == bytes);
  std::string tail;
  ASSERT_TRUE(download(digest, 2'999'990, &tail).ok());
  EXPECT_TRUE(tail == bytes.substr(2'999'990));
  EXPECT_EQ(download(digest, 3'000'001, &tail).error_code(), StatusCode::OUT_OF_RANGE);
}

TEST_F(ArtifactServiceTest, WhatDoesNotMatchItsDigestIsNotStored) {
  const auto digest = sha256("right");
  artifact::v1::UploadResponse response;
  EXPECT_EQ(upload(digest, "wrong", 5, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(upload(digest, "right", 4, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(upload("x", "right", 5, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  std::string bytes;
  EXPECT_EQ(download(digest, 0, &bytes).error_code(), StatusCode::NOT_FOUND);

  Context context;
  artifact::v1::FindMissingRequest request;
  request.add_digests(digest);
  request.add_digests(digest);
  artifact::v1::FindMissingResponse missing;
  ASSERT_TRUE(artifacts_->FindMissing(&context, request, &missing).ok());
  EXPECT_THAT(missing.missing(), testing::ElementsAre(digest));
}

TEST_F(ArtifactServiceTest, WhatIsOverTheLimitIsRefused) {
  config_.artifact_bytes_max = 1024;
  restart();
  const std::string bytes(1025, 'x');
  artifact::v1::UploadResponse response;
  EXPECT_EQ(upload(sha256(bytes), bytes, bytes.size(), &response).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace hearth::scheduler
