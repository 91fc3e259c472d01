// Carries out what the core orders for attempts: inputs, payload, start, stop, result, files.
//
// Between runners, artifact cache, result spool and stream; decides nothing. Lives on the loop's
// thread; hashing and uploading of outputs runs on a pool. Events are told by `post`, which may be
// called from inside.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "node_agent/core/command.h"
#include "node_agent/core/event.h"
#include "node_agent/runtime/input_fetcher.h"
#include "node_agent/runtime/output_reader.h"
#include "node_agent/runtime/runner_pool.h"
#include "node_agent/runtime/scheduler_link.h"
#include "node_agent/store/artifact_cache.h"
#include "node_agent/store/artifact_transfer.h"
#include "node_agent/store/result_spool.h"

namespace hearth::node_agent {

class TaskKeeper {
 public:
  struct Parts {
    RunnerPool& runners;
    ResultSpool& spool;
    SchedulerLink& link;
    ArtifactCache& artifacts;
    ArtifactTransfer& transfer;
    std::function<void(std::function<void()>)> run_on_pool;
    std::function<void(Event)> post;
    std::string payload_directory;
    OutputTailLimits tails;
  };

  TaskKeeper(boost::asio::io_context& io, Parts parts);
  ~TaskKeeper();

  // At start, once the runners from before are known.
  void adopt(const RunnersFound& found);

  // The payload of an attempt that will start; kept in memory until then.
  void keep_payload(AttemptId attempt, std::string payload);

  void execute(const FetchInputs& order);
  void execute(const StartTask& order);
  void execute(const StopTask& order);
  void execute(const SetSpeed& order);
  void execute(const SpoolResult& order);
  void execute(const OfferResult& order);
  void execute(const ForgetResult& order);
  void execute(const DiscardAttempt& order);

  // An attempt's files are its own now: what it needed for its start can go.
  void on_started(AttemptId attempt);

  // For LinkEvents.
  void read_output(const protocol::ReadOutput& question) { output_.ask(question); }
  std::optional<std::string> load_result(AttemptId attempt) { return parts_.spool.load(attempt); }
  // What was offered and not sent yet is offered anew with the next stream.
  void on_stream_closed() {
    uploads_.clear();
    output_.drop_questions();
  }

 private:
  struct Collecting {
    protocol::AttemptReport report;
    bool offered = false;
    bool unwanted = false;
  };
  using Collected = Result<std::vector<protocol::OutputArtifact>>;

  std::string payload_path(AttemptId attempt) const;
  void collect(const protocol::AttemptReport& report, const protocol::JobSpec& spec);
  void on_collected(AttemptId attempt, const Collected& outputs);
  void spool(const protocol::AttemptReport& report);
  void upload(AttemptId attempt, int failures);
  void on_uploaded(AttemptId attempt, int failures, const Result<>& result);
  void drop_inputs(AttemptId attempt);
  void reduce_cache();
  template <class T>
  void on_pool(std::function<T()> work, std::function<void(const T&)> done);

  boost::asio::io_context& io_;
  Parts parts_;
  InputFetcher inputs_;
  OutputReader output_;
  std::set<AttemptId> without_logs_;                     // their jobs want none
  std::map<AttemptId, std::string> payloads_;            // of attempts that wait
  std::set<AttemptId> payload_files_;                    // of attempts about to start
  std::map<AttemptId, protocol::JobSpec> with_outputs_;  // of started attempts that have any
  std::map<AttemptId, Collecting> collecting_;
  std::set<AttemptId> unspooled_;  // the disk is full: their results are in memory only
  std::map<AttemptId, std::unique_ptr<boost::asio::steady_timer>> uploads_;  // timer: its next try
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);               // seen by posted calls
};

}  // namespace hearth::node_agent
