// What operators ask and order: status, retention, backup, check, the queue, trust in nodes.
#include <gmock/gmock.h>

#include <fstream>

#include "common/blob_store.h"
#include "fake_agent.h"
#include "hearth/admin/v1/admin.grpc.pb.h"
#include "scheduler/store/sqlite_inspect.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class AdminServiceTest : public Served {
 protected:
  std::unique_ptr<admin::v1::AdminService::Stub> admin() {
    return admin::v1::AdminService::NewStub(channel_);
  }
  admin::v1::GetStatusResponse status() {
    Context context;
    admin::v1::GetStatusResponse response;
    EXPECT_TRUE(admin()->GetStatus(&context, {}, &response).ok());
    return response;
  }
  admin::v1::ListQueueResponse queue() {
    Context context;
    admin::v1::ListQueueResponse response;
    EXPECT_TRUE(admin()->ListQueue(&context, {}, &response).ok());
    return response;
  }
  void pause(job::v1::ServiceClass service_class, const std::string& reason) {
    Context context;
    admin::v1::PauseQueueRequest request;
    request.set_service_class(service_class);
    request.set_reason(reason);
    admin::v1::PauseQueueResponse response;
    EXPECT_TRUE(admin()->PauseQueue(&context, request, &response).ok());
  }
  // Until the scheduler has heard it.
  void join(FakeAgent& agent, std::uint64_t session) {
    FakeAgent::Greeting greeting;
    greeting.session_counter = session;
    agent.greet(greeting);
    fleet::v1::ListNodesRequest request;
    request.set_state(fleet::v1::NODE_STATE_ONLINE);
    fleet::v1::ListNodesResponse nodes;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (nodes.nodes_size() == 0 && std::chrono::steady_clock::now() < deadline) {
      Context context;
      ASSERT_TRUE(fleet_->ListNodes(&context, request, &nodes).ok());
    }
  }
  std::string explain(const std::string& job) {
    Context context;
    job::v1::ExplainTaskRequest request;
    request.set_job_id(job);
    job::v1::ExplainTaskResponse response;
    EXPECT_TRUE(jobs_->ExplainTask(&context, request, &response).ok());
    return response.summary();
  }
  admin::v1::CheckStoreResponse check() {
    Context context;
    admin::v1::CheckStoreResponse response;
    const auto done = admin()->CheckStore(&context, {}, &response);
    EXPECT_TRUE(done.ok()) << done.error_message();
    return response;
  }
};

TEST_F(AdminServiceTest, StatusCountsAndSaysWhatIsNotAsItShouldBe) {
  submit(3);
  auto now = status();
  EXPECT_EQ(now.jobs_active(), 1u);
  EXPECT_EQ(now.tasks_pending(), 3u);
  EXPECT_EQ(now.epoch(), 1u);
  EXPECT_EQ(now.store_id().size(), 16u);
  EXPECT_GT(now.store_bytes(), 0u);
  EXPECT_FALSE(now.degraded());
  EXPECT_EQ(now.notes_size(), 0);
  pause(job::v1::SERVICE_CLASS_FLEX, "tariff");
  now = status();
  EXPECT_FALSE(now.degraded());
  ASSERT_EQ(now.notes_size(), 1);
  EXPECT_EQ(now.notes(0), "the queue of FLEX is paused: tariff");
}

TEST_F(AdminServiceTest, RetentionIsAsConfigured) {
  submit(1);
  Context context;
  admin::v1::GetRetentionResponse response;
  ASSERT_TRUE(admin()->GetRetention(&context, {}, &response).ok());
  ASSERT_EQ(response.kinds_size(), 6);
  EXPECT_EQ(response.kinds(0).kind(), "jobs");
  EXPECT_EQ(response.kinds(0).keep().seconds(), 30 * 86'400);
  EXPECT_EQ(response.kinds(0).config_key(), "retention.job_keep_s");
  EXPECT_EQ(response.kinds(1).count(), 1u) << "the submit's event";
  EXPECT_TRUE(response.kinds(1).has_oldest());
  EXPECT_EQ(response.kinds(2).count(), 1u);
}

TEST_F(AdminServiceTest, ABackupIsAStoreAndAnotherOneWaits) {
  submit(2);
  Context context;
  const auto stream = admin()->Backup(&context, {});
  admin::v1::BackupResponse response;
  std::string bytes;
  std::uint64_t size = 0;
  while (stream->Read(&response)) {
    if (bytes.empty()) size = response.size_bytes();
    bytes += response.data();
  }
  ASSERT_TRUE(stream->Finish().ok());
  EXPECT_EQ(bytes.size(), size);
  const auto copy = (directory_.path() / "copy.db").string();
  std::ofstream(copy, std::ios::binary) << bytes;
  const auto restored = restore_store_file((directory_.path() / "new.db").string(), copy);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "state" / "hearth.db.backup"));
}

TEST_F(AdminServiceTest, ACheckFindsAnArtifactThatIsMissing) {
  auto blobs = BlobStore::make({.directory = directory_.path() / "state" / "artifacts"});
  const auto input = blobs->put("an input").value();
  auto with_input = spec(1);
  auto* needed = with_input.add_inputs();
  needed->set_digest(input);
  needed->set_path("in");
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r1", with_input, &submitted).ok());
  EXPECT_EQ(check().findings_size(), 0);
  std::filesystem::remove(blobs->path(input));
  const auto response = check();
  ASSERT_EQ(response.findings_size(), 1);
  EXPECT_THAT(response.findings(0), HasSubstr(input));
  EXPECT_THAT(response.findings(0), HasSubstr("the newest is j1"));
}

TEST_F(AdminServiceTest, APausedQueueStartsNothingAndOutlivesARestart) {
  auto flex = spec(2);
  flex.set_service_class(job::v1::SERVICE_CLASS_FLEX);
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r1", flex, &submitted).ok());
  pause(job::v1::SERVICE_CLASS_FLEX, "tariff peak");
  restart();
  {
    const auto classes = queue().classes();
    ASSERT_EQ(classes.size(), 4);
    EXPECT_EQ(classes[2].service_class(), job::v1::SERVICE_CLASS_FLEX);
    EXPECT_TRUE(classes[2].paused());
    EXPECT_EQ(classes[2].pause_reason(), "tariff peak");
    EXPECT_EQ(classes[2].tasks_paused(), 2u);
    EXPECT_FALSE(classes[0].paused());
  }
  EXPECT_THAT(explain("j1"), HasSubstr("the queue of FLEX is paused (tariff peak)"));
  EXPECT_THAT(queue().jobs(0).reason(), HasSubstr("paused"));
  FakeAgent agent{channel_};
  agent.greet();
  submit(1, "r2");  // of another class
  EXPECT_EQ(agent.next_start().job_id(), 2u);
  Context context;
  admin::v1::ResumeQueueResponse resumed;
  ASSERT_TRUE(admin()->ResumeQueue(&context, {}, &resumed).ok());
  EXPECT_FALSE(resumed.classes(2).paused());
  EXPECT_EQ(agent.next_start().job_id(), 1u);
  Context bad_context;
  admin::v1::PauseQueueRequest bad;
  bad.set_service_class(static_cast<job::v1::ServiceClass>(9));
  admin::v1::PauseQueueResponse none;
  EXPECT_EQ(admin()->PauseQueue(&bad_context, bad, &none).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(AdminServiceTest, ANodeInQuarantineGetsNothingUntilItIsReleased) {
  {
    FakeAgent agent{channel_};
    join(agent, 1);
    Context context;
    fleet::v1::QuarantineNodeRequest request;
    request.set_node_id("n1");
    fleet::v1::QuarantineNodeResponse response;
    EXPECT_EQ(fleet_->QuarantineNode(&context, request, &response).error_code(),
              StatusCode::INVALID_ARGUMENT)
        << "no reason";
    request.set_reason("odd results");
    Context again;
    ASSERT_TRUE(fleet_->QuarantineNode(&again, request, &response).ok());
    EXPECT_TRUE(response.node().quarantined());
    request.set_node_id("n9");
    Context unknown;
    EXPECT_EQ(fleet_->QuarantineNode(&unknown, request, &response).error_code(),
              StatusCode::NOT_FOUND);
  }
  restart();
  FakeAgent agent{channel_};
  join(agent, 2);
  submit(1);
  EXPECT_THAT(explain("j1"), HasSubstr("not_quarantined fails on 1 of 1"));
  Context context;
  fleet::v1::ReleaseNodeRequest request;
  request.set_node_id("n1");
  fleet::v1::ReleaseNodeResponse response;
  ASSERT_TRUE(fleet_->ReleaseNode(&context, request, &response).ok());
  EXPECT_FALSE(response.node().quarantined());
  agent.next_start();
}

TEST_F(AdminServiceTest, LabelsFindNodes) {
  FakeAgent agent{channel_};
  join(agent, 1);
  fleet::v1::LabelNodeRequest request;
  request.set_node_id("n1");
  (*request.mutable_set())["rack"] = "cellar";
  (*request.mutable_set())["fan"] = "loud";
  fleet::v1::LabelNodeResponse response;
  {
    Context context;
    ASSERT_TRUE(fleet_->LabelNode(&context, request, &response).ok());
  }
  request.clear_set();
  request.add_remove("fan");
  {
    Context context;
    ASSERT_TRUE(fleet_->LabelNode(&context, request, &response).ok());
    EXPECT_EQ(response.node().labels().size(), 1u);
  }
  const auto count = [&](const std::string& value) {
    Context context;
    fleet::v1::ListNodesRequest list;
    (*list.mutable_labels())["rack"] = value;
    fleet::v1::ListNodesResponse nodes;
    EXPECT_TRUE(fleet_->ListNodes(&context, list, &nodes).ok());
    return nodes.nodes_size();
  };
  EXPECT_EQ(count("cellar"), 1);
  EXPECT_EQ(count("attic"), 0);
  request.clear_remove();
  (*request.mutable_set())["no name"] = "x";
  Context context;
  EXPECT_EQ(fleet_->LabelNode(&context, request, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace hearth::scheduler
