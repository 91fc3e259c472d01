#include "cli/client.h"

#include <random>
#include <thread>

#include "tls/channel.h"
#include "tls/probe.h"

namespace hearth::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr Duration kDefaultTimeout = seconds{30};
constexpr Duration kFirstPause = milliseconds{100};
constexpr Duration kLongestPause = seconds{2};
constexpr int kPagePayloadsMax = 1000;
constexpr std::size_t kPageBytesMax = 2 * 1024 * 1024;
constexpr int kMessageBytesMax = 16 * 1024 * 1024;

std::shared_ptr<grpc::Channel> open_channel(const Client::Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // A restarted scheduler is found within a second, a frozen one within forty.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto secured = options.credentials ? tls::client_credentials(*options.credentials)
                                           : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel(options.server, secured, arguments);
}

// Fills one page from `next` on; returns the index after its last payload.
std::size_t fill_page(const std::vector<std::string>& payloads, std::size_t next,
                      job::v1::PayloadPage* page) {
  std::size_t bytes = 0;
  while (next < payloads.size() && page->payloads_size() < kPagePayloadsMax &&
         bytes + payloads[next].size() <= kPageBytesMax) {
    bytes += payloads[next].size();
    page->add_payloads(payloads[next++]);
  }
  return next;
}

}  // namespace

Client::Client(Options options) : options_(std::move(options)), random_(std::random_device{}()) {
  channel_ = open_channel(options_);
  jobs_ = job::v1::JobService::NewStub(channel_);
  fleet_ = fleet::v1::FleetService::NewStub(channel_);
  artifacts_ = artifact::v1::ArtifactService::NewStub(channel_);
  admin_ = admin::v1::AdminService::NewStub(channel_);
}

Result<> Client::retry(const Attempt& attempt) {
  Outage outage;
  for (;;) {
    grpc::ClientContext context;
    const auto status = attempt(context);
    if (status.ok()) {
      reached(outage);
      return {};
    }
    const auto error = wire::from_status(status);
    if (const auto again = endure(outage, error, false); !again) return again;
  }
}

Result<job::v1::SubmitJobResponse> Client::submit(const job::v1::SubmitHeader& header,
                                                  const std::vector<std::string>& payloads) {
  job::v1::SubmitJobResponse response;
  const auto done = retry([&](grpc::ClientContext& context) {
    const auto stream = jobs_->SubmitJob(&context, &response);
    job::v1::SubmitJobRequest request;
    *request.mutable_header() = header;
    bool open = stream->Write(request);
    for (std::size_t next = 0; open && next < payloads.size();) {
      request.Clear();
      next = fill_page(payloads, next, request.mutable_page());
      open = stream->Write(request);
    }
    stream->WritesDone();
    return stream->Finish();  // says why, where a write failed
  });
  if (!done) return tl::unexpected(done.error());
  return response;
}

namespace {

// Where to go on if the stream breaks now.
template <class Request, class Response>
void resume_after(Request& request, const Response& response) {
  if (!response.cursor().empty()) request.set_cursor(response.cursor());
}
void resume_after(job::v1::GetLogsRequest& request, const job::v1::GetLogsResponse&) {
  request.clear_tail_bytes();
}

}  // namespace

template <class Request, class Response, class Open>
Result<> Client::follow(Request& request,
                        const std::function<Result<bool>(const Response&)>& on_message,
                        const Open& open) {
  Outage outage;
  for (;;) {
    grpc::ClientContext context;
    const auto stream = open(context, request);
    Response response;
    while (stream->Read(&response)) {
      reached(outage);
      resume_after(request, response);
      const auto go_on = on_message(response);
      if (go_on && *go_on) continue;
      context.TryCancel();
      stream->Finish();
      if (!go_on) return tl::unexpected(go_on.error());
      return {};
    }
    const auto status = stream->Finish();
    if (status.ok()) return {};
    if (const auto again = endure(outage, wire::from_status(status), true); !again) return again;
  }
}

Result<> Client::watch(job::v1::WatchJobsRequest request, const OnEvent& on_event) {
  return follow(request, on_event,
                [this](grpc::ClientContext& context, const job::v1::WatchJobsRequest& from) {
                  return jobs_->WatchJobs(&context, from);
                });
}

Result<> Client::results(job::v1::StreamResultsRequest request, const OnResults& on_results) {
  return follow(request, on_results,
                [this](grpc::ClientContext& context, const job::v1::StreamResultsRequest& from) {
                  return jobs_->StreamResults(&context, from);
                });
}

Result<> Client::logs(job::v1::GetLogsRequest request, const OnLogs& on_logs) {
  return follow(request, on_logs,
                [this](grpc::ClientContext& context, const job::v1::GetLogsRequest& from) {
                  return jobs_->GetLogs(&context, from);
                });
}

void Client::reached(Outage& outage) {
  if (outage.since) options_.notice("scheduler reached again");
  outage = {};
  reached_before_ = true;
}

Result<> Client::endure(Outage& outage, const Error& error, bool streaming) {
  if (error.code != ErrorCode::kUnavailable) return tl::unexpected(error);
  const auto now = steady_clock::now();
  if (!outage.since) {
    outage = {now, kFirstPause, false};
    // Certificates do not mend themselves while we wait.
    if (const auto why = tls::explain_refusal(options_.server, options_.credentials)) {
      return fail(ErrorCode::kFailedPrecondition, "scheduler " + options_.server + ": " + *why);
    }
    options_.notice("scheduler unreachable, retrying: " + options_.server);
  }
  // It is there, and not just about to stop.
  const bool answered = *outage.since < now && channel_->GetState(false) == GRPC_CHANNEL_READY;
  if (answered && !std::exchange(outage.told_why, true)) {
    options_.notice("scheduler " + options_.server + ": " + error.message);
  }
  const bool for_ever = streaming && reached_before_ && !options_.timeout;
  const auto limit = options_.timeout.value_or(kDefaultTimeout);
  const auto elapsed = std::chrono::duration_cast<Duration>(now - *outage.since);
  if (!for_ever && elapsed >= limit) {
    return fail(ErrorCode::kUnavailable, "scheduler " + options_.server + ": " +
                                             (answered ? "refuses for " : "unreachable for ") +
                                             to_string(elapsed) + ": " + error.message);
  }
  // Half of the pause is random, so that many clients do not come back at once.
  const auto pause = for_ever ? outage.pause : std::min(outage.pause, limit - elapsed);
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  const auto end = std::chrono::system_clock::now() + milliseconds{half + random_.below(half + 1)};
  // Connections are only made while somebody waits for them: nobody does in a sleep, and calls on a
  // channel that failed end at once. The attempt would run out of time for want of a thread.
  if (channel_->GetState(false) == GRPC_CHANNEL_READY) {
    std::this_thread::sleep_until(end);
  } else {
    channel_->WaitForConnected(end);
  }
  outage.pause = std::min(2 * outage.pause, kLongestPause);
  return {};
}

}  // namespace hearth::cli
