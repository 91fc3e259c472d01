// hearthd in the test's own process: real store in a temporary directory, real ports.
#pragma once

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "hearth/fleet/v1/fleet.grpc.pb.h"
#include "hearth/job/v1/job.grpc.pb.h"
#include "hearth/node/v1/node.grpc.pb.h"
#include "scheduler/daemon.h"

namespace hearth::scheduler {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "hearth-rpc-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A call's context with a deadline, so that a test that waits in vain fails.
struct Context : grpc::ClientContext {
  Context() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{20}); }
};

class Served : public testing::Test {
 protected:
  Served() {
    config_.listen = "127.0.0.1:0";
    config_.http_listen = "127.0.0.1:0";
    config_.state_dir = directory_.path() / "state";
    config_.scheduler.retry_delay = Duration{1};
  }

  void SetUp() override { start(); }

  void start() {
    auto daemon = Daemon::start(
        config_, {.on_failed = [] { ADD_FAILURE() << "the store failed"; }, .on_room = [] {}});
    ASSERT_TRUE(daemon) << daemon.error().message;
    daemon_ = std::move(*daemon);
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(daemon_->ports().grpc),
                                   grpc::InsecureChannelCredentials());
    jobs_ = job::v1::JobService::NewStub(channel_);
    artifacts_ = artifact::v1::ArtifactService::NewStub(channel_);
    fleet_ = fleet::v1::FleetService::NewStub(channel_);
  }

  // As after a stop by systemd: on the same state, at another port.
  void restart() {
    daemon_->stop();
    start();
  }

  static job::v1::JobSpec spec(std::uint64_t tasks) {
    job::v1::JobSpec spec;
    spec.set_task_count(tasks);
    spec.add_command("/bin/true");
    return spec;
  }

  grpc::Status submit(const std::string& request_id, const job::v1::JobSpec& spec,
                      job::v1::SubmitJobResponse* response,
                      const std::vector<job::v1::PayloadPage>& pages = {}) {
    Context context;
    const auto writer = jobs_->SubmitJob(&context, response);
    job::v1::SubmitJobRequest request;
    request.mutable_header()->set_request_id(request_id);
    *request.mutable_header()->mutable_spec() = spec;
    request.mutable_header()->set_has_payloads(!pages.empty());
    bool open = writer->Write(request);
    for (const auto& page : pages) {
      *request.mutable_page() = page;
      open = open && writer->Write(request);
    }
    writer->WritesDone();
    return writer->Finish();
  }

  // The job's id, from a submit that must succeed.
  std::string submit(std::uint64_t tasks, const std::string& request_id = "r1") {
    job::v1::SubmitJobResponse response;
    const auto status = submit(request_id, spec(tasks), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job_id();
  }

  job::v1::Job get(const std::string& job) {
    Context context;
    job::v1::GetJobRequest request;
    request.set_job_id(job);
    job::v1::GetJobResponse response;
    EXPECT_TRUE(jobs_->GetJob(&context, request, &response).ok());
    return response.job();
  }

  TemporaryDirectory directory_;
  Config config_;
  std::unique_ptr<Daemon> daemon_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<job::v1::JobService::Stub> jobs_;
  std::unique_ptr<artifact::v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<fleet::v1::FleetService::Stub> fleet_;
};

}  // namespace hearth::scheduler
