// Several jobs, tasks and nodes named at once, against a scheduler that has some of each.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <set>

#include "cli/application.h"
#include "hearth/fleet/v1/fleet.grpc.pb.h"
#include "hearth/job/v1/job.grpc.pb.h"

namespace hearth::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Jobs final : public job::v1::JobService::Service {
 public:
  static constexpr std::uint64_t kTasks = 10;
  std::set<std::string> there{"j3", "j4", "j6", "j9"};
  std::vector<std::string> cancelled;
  std::vector<std::string> held;
  std::vector<std::string> asked;  // tasks

  grpc::Status GetJob(grpc::ServerContext*, const job::v1::GetJobRequest* request,
                      job::v1::GetJobResponse* response) override {
    return fill(request->job_id(), response->mutable_job());
  }
  grpc::Status ListJobs(grpc::ServerContext*, const job::v1::ListJobsRequest*,
                        job::v1::ListJobsResponse* response) override {
    return fill("j9", response->add_jobs());
  }
  grpc::Status CancelJob(grpc::ServerContext*, const job::v1::CancelJobRequest* request,
                         job::v1::CancelJobResponse* response) override {
    cancelled.push_back(request->job_id());
    return fill(request->job_id(), response->mutable_job());
  }
  grpc::Status HoldJob(grpc::ServerContext*, const job::v1::HoldJobRequest* request,
                       job::v1::HoldJobResponse* response) override {
    held.push_back(request->job_id() + " " + request->reason());
    return fill(request->job_id(), response->mutable_job());
  }
  grpc::Status ListTasks(grpc::ServerContext*, const job::v1::ListTasksRequest* request,
                         job::v1::ListTasksResponse* response) override {
    asked.push_back(request->job_id() + "/" + std::to_string(request->index()));
    if (request->index() >= kTasks) return grpc::Status::OK;
    response->add_tasks()->set_index(request->index());
    return grpc::Status::OK;
  }
  grpc::Status ExplainTask(grpc::ServerContext*, const job::v1::ExplainTaskRequest* request,
                           job::v1::ExplainTaskResponse* response) override {
    asked.push_back(request->job_id() + "/" + std::to_string(request->index()));
    response->set_summary("waits");
    return grpc::Status::OK;
  }
  grpc::Status GetLogs(grpc::ServerContext*, const job::v1::GetLogsRequest* request,
                       grpc::ServerWriter<job::v1::GetLogsResponse>* writer) override {
    job::v1::GetLogsResponse response;
    response.mutable_chunk()->set_stream(job::v1::OUTPUT_STREAM_STDOUT);
    response.mutable_chunk()->set_data("of " + std::to_string(request->index()) + "\n");
    writer->Write(response);
    return grpc::Status::OK;
  }

 private:
  grpc::Status fill(const std::string& id, job::v1::Job* job) {
    if (!there.contains(id)) return {grpc::StatusCode::NOT_FOUND, "job " + id + ": not found"};
    job->set_job_id(id);
    job->set_state(job::v1::JOB_STATE_CANCELLED);
    job->mutable_spec()->set_task_count(kTasks);
    return grpc::Status::OK;
  }
};

class Fleet final : public fleet::v1::FleetService::Service {
 public:
  std::map<std::string, std::string> racks{{"n1", "a"}, {"n2", "b"}, {"n3", "a"}};
  std::vector<std::string> done;

  grpc::Status ListNodes(grpc::ServerContext*, const fleet::v1::ListNodesRequest* request,
                         fleet::v1::ListNodesResponse* response) override {
    for (const auto& [node, rack] : racks) {
      const auto asked = request->labels().find("rack");
      if (asked != request->labels().end() && asked->second != rack) continue;
      response->add_nodes()->set_node_id(node);
    }
    return grpc::Status::OK;
  }
  grpc::Status DrainNode(grpc::ServerContext*, const fleet::v1::DrainNodeRequest* request,
                         fleet::v1::DrainNodeResponse* response) override {
    return act(request->drain() ? "drain" : "undrain", request->node_id(),
               response->mutable_node());
  }
  grpc::Status QuarantineNode(grpc::ServerContext*, const fleet::v1::QuarantineNodeRequest* request,
                              fleet::v1::QuarantineNodeResponse* response) override {
    return act("quarantine", request->node_id(), response->mutable_node());
  }
  grpc::Status ReleaseNode(grpc::ServerContext*, const fleet::v1::ReleaseNodeRequest* request,
                           fleet::v1::ReleaseNodeResponse* response) override {
    return act("release", request->node_id(), response->mutable_node());
  }
  grpc::Status LabelNode(grpc::ServerContext*, const fleet::v1::LabelNodeRequest* request,
                         fleet::v1::LabelNodeResponse* response) override {
    return act("label " + request->set().begin()->first, request->node_id(),
               response->mutable_node());
  }

 private:
  grpc::Status act(const std::string& what, const std::string& name, fleet::v1::Node* node) {
    if (!racks.contains(name)) return {grpc::StatusCode::NOT_FOUND, "node " + name + ": unknown"};
    done.push_back(what + " " + name);
    node->set_node_id(name);
    return grpc::Status::OK;
  }
};

class SelectionTest : public testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  SelectionTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&jobs);
    builder.RegisterService(&fleet);
    server = builder.BuildAndStart();
  }
  ~SelectionTest() override { server->Shutdown(); }

  Outcome hearth(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", "127.0.0.1:" + std::to_string(port)});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(std::move(arguments));
    std::fflush(stdout);
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  }

  Jobs jobs;
  Fleet fleet;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

TEST_F(SelectionTest, SeveralJobsEachOnceInTheOrderTheyWereNamed) {
  const auto done = hearth({"job", "cancel", "j6", "3", "last", "j3-j7"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(jobs.cancelled, ElementsAre("j6", "j3", "j9", "j4"));  // j5 and j7 are not there
  EXPECT_EQ(done.out, "j6 CANCELLED\nj3 CANCELLED\nj9 CANCELLED\nj4 CANCELLED\n");
  EXPECT_EQ(hearth({"job", "hold", "j3", "j4", "--reason", "late"}).code, 0);
  EXPECT_THAT(jobs.held, ElementsAre("j3 late", "j4 late"));
  EXPECT_EQ(hearth({"job", "wait", "-q", "j3", "j4"}).code, 4);
}

TEST_F(SelectionTest, WhatIsRefusedIsToldAndTheOthersGoOn) {
  const auto done = hearth({"job", "cancel", "j3", "j8", "j4"});
  EXPECT_EQ(done.code, 5);
  EXPECT_THAT(jobs.cancelled, ElementsAre("j3", "j8", "j4"));
  EXPECT_EQ(done.err, "hearth: job j8: not found\n");
}

TEST_F(SelectionTest, SeveralAreAnArrayInJson) {
  EXPECT_THAT(hearth({"-o", "json", "job", "show", "j3"}).out, testing::StartsWith("{\"job_id\""));
  const auto several = hearth({"-o", "json", "job", "show", "j3", "j4"}).out;
  EXPECT_THAT(several, testing::MatchesRegex("\\[\n\\{.*\\},\n\\{.*\\}\n\\]\n"));
  EXPECT_EQ(hearth({"-o", "json", "job", "show", "j7", "j8"}).out, "[]\n");
}

TEST_F(SelectionTest, TasksByRangeAndList) {
  EXPECT_EQ(hearth({"task", "show", "j3/1,4,8-9"}).code, 0);
  EXPECT_THAT(jobs.asked, ElementsAre("j3/1", "j3/4", "j3/8", "j3/9"));
  jobs.asked.clear();
  const auto done = hearth({"task", "explain", "last/3-4", "j4/0"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(jobs.asked, ElementsAre("j9/3", "j9/4", "j4/0"));
  EXPECT_EQ(done.out, "Task j9/3: waits\n\nTask j9/4: waits\n\nTask j4/0: waits\n");
  const auto logs = hearth({"task", "logs", "j3/0-1"});
  EXPECT_EQ(logs.out, "of 0\nof 1\n");
  EXPECT_EQ(logs.err, "hearth: task j3/0\nhearth: task j3/1\n");
  EXPECT_THAT(hearth({"-o", "json", "task", "logs", "j3/0-1"}).out,
              HasSubstr("{\"task\":\"j3/1\",\"attempt\":"));
}

TEST_F(SelectionTest, NonsenseIsNamed) {
  const std::vector<std::tuple<std::vector<std::string>, int, std::string>> cases{
      {{"task", "show", "j3/7-3"}, 2, "hearth: j3/7-3: 7-3 runs backwards\n"},
      {{"task", "show", "j3/x"},
       2,
       "hearth: j3/x: neither an index, nor a range like 3-7, nor a list of them: x\n"},
      {{"task", "show", "j3/1,,2"},
       2,
       "hearth: j3/1,,2: neither an index, nor a range like 3-7, nor a list of them: nothing\n"},
      {{"task", "show", "j3"}, 2, "hearth: j3: not a task like j7/3, j7/3-7 or j7/1,4,9-12\n"},
      {{"task", "show", "j3/8-12"}, 2, "hearth: j3/8-12: job j3 has 10 tasks, counted from 0\n"},
      {{"task", "show", "j3/99"}, 5, "hearth: task j3/99: not found\n"},
      {{"task", "show", "x/1"}, 2, "hearth: not a job id (j<number>): x\n"},
      {{"job", "show", "j7-j3"}, 2, "hearth: j7-j3: runs backwards\n"},
      {{"job", "show", "j7-j8"}, 5, "hearth: j7-j8: none of these jobs is there\n"},
      {{"job", "show", "j1-j9999"}, 2, "hearth: j1-j9999: over 1000 jobs\n"},
      {{"job", "show", "j3-x"}, 2, "hearth: not a job id (j<number>): x\n"},
      {{"node", "drain"}, 2, "hearth: node drain: needs either NODE or --label KEY=VALUE\n"},
      {{"node", "drain", "n1", "-l", "rack=a"},
       2,
       "hearth: node drain: needs either NODE or --label KEY=VALUE\n"},
      {{"node", "drain", "-l", "rack"}, 2, "hearth: --label: not KEY=VALUE: rack\n"},
      {{"node", "drain", "-l", "rack=c"}, 5, "hearth: no node is labelled rack=c\n"},
  };
  for (const auto& [words, code, text] : cases) {
    const auto done = hearth(words);
    EXPECT_EQ(done.code, code) << words.back();
    EXPECT_EQ(done.err, text);
  }
  EXPECT_THAT(fleet.done, IsEmpty());
}

TEST_F(SelectionTest, NodesByNameAndByLabel) {
  EXPECT_EQ(hearth({"node", "drain", "n1", "n2", "--stop"}).out,
            "n1: draining, 0 tasks running\nn2: draining, 0 tasks running\n");
  const auto asked = hearth({"node", "drain", "-l", "rack=a"});  // nobody is there to say yes
  EXPECT_EQ(asked.code, 2);
  EXPECT_EQ(asked.err, "hearth: this would drain 2 nodes: n1, n3; say --yes\n");
  fleet.done.clear();
  EXPECT_EQ(hearth({"node", "drain", "-l", "rack=a", "--yes"}).code, 0);
  EXPECT_EQ(hearth({"node", "undrain", "-l", "rack=a", "-y"}).code, 0);
  EXPECT_EQ(hearth({"node", "quarantine", "-l", "rack=b", "-y", "--reason", "odd"}).code, 0);
  EXPECT_EQ(hearth({"node", "release", "n2"}).code, 0);
  EXPECT_EQ(hearth({"node", "label", "-l", "rack=a", "floor=0", "-y"}).code, 0);
  EXPECT_EQ(hearth({"node", "label", "n2", "fan=loud"}).code, 0);
  EXPECT_THAT(fleet.done,
              ElementsAre("drain n1", "drain n3", "undrain n1", "undrain n3", "quarantine n2",
                          "release n2", "label floor n1", "label floor n3", "label fan n2"));
}

}  // namespace
}  // namespace hearth::cli
