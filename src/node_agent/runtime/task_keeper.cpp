#include "node_agent/runtime/task_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>

#include "common/log.h"
#include "node_agent/runner/task_directory.h"
#include "node_agent/runtime/output_keeper.h"
#include "node_agent/store/files.h"

namespace hearth::node_agent {
namespace {

namespace fs = std::filesystem;
using protocol::FailureClass;

constexpr Duration kUploadPauseMin{500};
constexpr Duration kUploadPauseMax{std::chrono::seconds{10}};

}  // namespace

TaskKeeper::TaskKeeper(boost::asio::io_context& io, Parts parts)
    : io_(io),
      parts_(std::move(parts)),
      inputs_(
          io, {},
          {[this](const std::string& digest) { return parts_.artifacts.contains(digest); },
           [&artifacts = parts_.artifacts, &transfer = parts_.transfer](const std::string& digest) {
             return artifacts.download(digest, transfer);
           },
           parts_.run_on_pool, [this](const std::string&) { reduce_cache(); },
           [this](AttemptId attempt, const Result<>& result) {
             if (result) return parts_.post(InputsReady{attempt});
             const bool missing = result.error().code == ErrorCode::kNotFound;
             log::warn("inputs_failed", {{"attempt", attempt}, {"reason", result.error().message}});
             parts_.post(InputsFailed{
                 attempt, missing ? FailureClass::kInputMissing : FailureClass::kAgentError,
                 result.error().message});
           }}),
      output_(
          io, [this](AttemptId attempt) { return parts_.runners.task_directory(attempt); },
          [this](const protocol::OutputRead& read) { parts_.link.answer(read); }) {}

void TaskKeeper::reduce_cache() {
  parts_.run_on_pool([&artifacts = parts_.artifacts, pinned = parts_.artifacts.pinned()] {
    artifacts.drop_surplus(pinned);
  });
}

TaskKeeper::~TaskKeeper() {
  *alive_ = false;
}

template <class T>
void TaskKeeper::on_pool(std::function<T()> work, std::function<void(const T&)> done) {
  parts_.run_on_pool([&io = io_, alive = alive_, work = std::move(work), done = std::move(done)] {
    auto result = work();
    boost::asio::post(io, [alive, done, result = std::move(result)] {
      if (*alive) done(result);
    });
  });
}

void TaskKeeper::adopt(const RunnersFound& found) {
  std::set<std::string> running;
  for (const auto& item : found.running) {
    running.insert(to_string(item.attempt));
    if (!item.spec.outputs.empty()) with_outputs_[item.attempt] = item.spec;
    if (item.spec.logs == protocol::LogsKept::kNone) without_logs_.insert(item.attempt);
  }
  // Their results are safe: what was left when the agent stopped is not needed.
  for (const auto& held : found.spooled) parts_.runners.forget(held.attempt);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{parts_.payload_directory, error}) {
    std::error_code ignored;
    if (!running.contains(entry.path().filename())) fs::remove(entry.path(), ignored);
  }
}

std::string TaskKeeper::payload_path(AttemptId attempt) const {
  return parts_.payload_directory + "/" + to_string(attempt);
}

void TaskKeeper::keep_payload(AttemptId attempt, std::string payload) {
  payloads_[attempt] = std::move(payload);
}

void TaskKeeper::execute(const FetchInputs& order) {
  std::vector<std::string> digests;
  for (const auto& input : order.spec.inputs) digests.push_back(input.digest);
  parts_.artifacts.pin(order.attempt, digests);
  inputs_.fetch(order.attempt, digests);
}

void TaskKeeper::execute(const StartTask& order) {
  std::vector<runner::InputFile> files;
  for (const auto& input : order.spec.inputs) {
    files.push_back({parts_.artifacts.path_of(input.digest), input.path, input.executable});
  }
  std::string payload;
  if (const auto found = payloads_.find(order.attempt); found != payloads_.end()) {
    payload = payload_path(order.attempt);
    // Where it cannot be written the runner finds no file, and the attempt fails as the node's.
    const auto written = overwrite_and_rename(payload + ".new", found->second, payload);
    if (!written) log::error("payload_not_written", {{"reason", written.error().message}});
    payload_files_.insert(order.attempt);
    payloads_.erase(found);
  }
  if (!order.spec.outputs.empty()) with_outputs_[order.attempt] = order.spec;
  if (order.spec.logs == protocol::LogsKept::kNone) without_logs_.insert(order.attempt);
  parts_.runners.start_task(order, std::move(files), std::move(payload));
}

void TaskKeeper::execute(const StopTask& order) {
  parts_.runners.stop_task(order);
}

void TaskKeeper::execute(const SetSpeed& order) {
  parts_.runners.set_speed(order);
}

void TaskKeeper::on_started(AttemptId attempt) {
  parts_.artifacts.unpin(attempt);
  if (payload_files_.erase(attempt) > 0) ::unlink(payload_path(attempt).c_str());
}

void TaskKeeper::execute(const SpoolResult& order) {
  const auto& report = order.report;
  drop_inputs(report.attempt);
  const auto found = with_outputs_.find(report.attempt);
  if (found == with_outputs_.end()) return spool(report);
  const auto spec = std::move(found->second);
  with_outputs_.erase(found);
  if (report.failure == FailureClass::kNone) return collect(report, spec);
  spool(report);
}

void TaskKeeper::collect(const protocol::AttemptReport& report, const protocol::JobSpec& spec) {
  const auto attempt = report.attempt;
  collecting_[attempt] = {report, false, false};
  const runner::TaskPaths paths{parts_.runners.task_directory(attempt)};
  on_pool<Collected>(
      [scratch = paths.scratch, spec, directory = parts_.spool.output_directory(attempt)] {
        return keep_outputs(scratch, spec, directory);
      },
      [this, attempt](const Collected& outputs) { on_collected(attempt, outputs); });
}

void TaskKeeper::on_collected(AttemptId attempt, const Collected& outputs) {
  auto state = std::move(collecting_.at(attempt));
  collecting_.erase(attempt);
  auto& report = state.report;
  if (outputs) {
    report.outputs = *outputs;
  } else {
    const bool users = outputs.error().code == ErrorCode::kInvalidArgument;
    report.failure = users ? FailureClass::kUserError : FailureClass::kAgentError;
    report.message = outputs.error().message;
    log::warn("outputs_not_kept", {{"attempt", attempt}, {"reason", report.message}});
  }
  if (state.unwanted || !outputs || outputs->empty()) {
    std::error_code ignored;
    fs::remove_all(parts_.spool.output_directory(attempt), ignored);
  }
  if (state.unwanted) return parts_.runners.forget(attempt);
  spool(report);
  if (state.offered) execute(OfferResult{attempt});
}

void TaskKeeper::spool(const protocol::AttemptReport& report) {
  const runner::TaskPaths paths{parts_.runners.task_directory(report.attempt)};
  const auto result = runner::read_file(paths.result, protocol::kResultBytesMax);
  output_.on_ended(report.attempt);
  const auto tails = without_logs_.erase(report.attempt) > 0
                         ? protocol::OutputTails{}
                         : read_tails(paths, report.failure, parts_.tails);
  const auto kept = parts_.spool.put(report, result.value_or(std::string{}), tails);
  // Only in memory: the directory stays, so that the next agent finds the attempt there.
  if (!kept) {
    unspooled_.insert(report.attempt);
    return log::error("result_not_spooled",
                      {{"attempt", report.attempt}, {"reason", kept.error().message}});
  }
  parts_.runners.forget(report.attempt);
}

void TaskKeeper::execute(const OfferResult& order) {
  const auto found = collecting_.find(order.attempt);
  if (found != collecting_.end()) {
    found->second.offered = true;
    return;
  }
  if (parts_.spool.outputs_of(order.attempt).empty()) return parts_.link.offer(order.attempt);
  if (!uploads_.contains(order.attempt)) upload(order.attempt, 0);
}

void TaskKeeper::upload(AttemptId attempt, int failures) {
  uploads_[attempt] = nullptr;
  on_pool<Result<>>(
      [outputs = parts_.spool.outputs_of(attempt),
       directory = parts_.spool.output_directory(attempt),
       &transfer = parts_.transfer] { return upload_outputs(outputs, directory, transfer); },
      [this, attempt, failures](const Result<>& sent) { on_uploaded(attempt, failures, sent); });
}

void TaskKeeper::on_uploaded(AttemptId attempt, int failures, const Result<>& result) {
  if (!uploads_.contains(attempt)) return;  // the stream closed, or nobody wants it any more
  if (result) {
    uploads_.erase(attempt);
    return parts_.link.offer(attempt);
  }
  log::warn("outputs_not_uploaded", {{"attempt", attempt}, {"reason", result.error().message}});
  if (result.error().code != ErrorCode::kUnavailable) {
    uploads_.erase(attempt);
    parts_.spool.change_to_failure(attempt, FailureClass::kAgentError,
                                   "outputs: " + result.error().message);
    return parts_.link.offer(attempt);
  }
  const Duration pause = std::min(kUploadPauseMax, kUploadPauseMin * (1 << std::min(failures, 8)));
  auto& timer = uploads_[attempt];
  timer = std::make_unique<boost::asio::steady_timer>(io_, pause);
  timer->async_wait([this, attempt, failures](const boost::system::error_code& stopped) {
    if (!stopped && uploads_.contains(attempt)) upload(attempt, failures + 1);
  });
}

void TaskKeeper::execute(const ForgetResult& order) {
  const auto found = collecting_.find(order.attempt);
  if (found != collecting_.end()) found->second.unwanted = true;
  uploads_.erase(order.attempt);
  parts_.spool.forget(order.attempt);
  if (unspooled_.erase(order.attempt) > 0) parts_.runners.forget(order.attempt);
}

void TaskKeeper::execute(const DiscardAttempt& order) {
  drop_inputs(order.attempt);
  with_outputs_.erase(order.attempt);
  without_logs_.erase(order.attempt);
  output_.on_ended(order.attempt);
  parts_.runners.forget(order.attempt);
}

void TaskKeeper::drop_inputs(AttemptId attempt) {
  inputs_.abandon(attempt);
  payloads_.erase(attempt);
  on_started(attempt);
}

}  // namespace hearth::node_agent
