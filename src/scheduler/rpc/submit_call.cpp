#include "scheduler/rpc/submit_call.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/blob_store.h"
#include "common/io_pool.h"
#include "scheduler/rpc/cursor.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/runtime/clock.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

constexpr int kPagePayloadsMax = 1000;
constexpr std::size_t kPageBytesMax = 2 << 20;

// Map fields in the order of their keys: the same specification gives the same bytes.
std::string canonical_bytes(const job::v1::JobSpec& spec) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream{&bytes};
    google::protobuf::io::CodedOutputStream out{&stream};
    out.SetSerializationDeterministic(true);
    spec.SerializeToCodedStream(&out);
  }
  return bytes;
}

// Each part with its length, so that no two submits run together to the same bytes.
void add(Sha256& hash, std::string_view part) {
  hash.update(std::to_string(part.size()) + ":");
  hash.update(part);
}

Result<> not_stored(const std::set<std::string>& missing) {
  std::string digests;
  for (const auto& digest : missing) digests += (digests.empty() ? "" : ", ") + digest;
  return fail(ErrorCode::kFailedPrecondition, "inputs not stored: " + digests);
}

}  // namespace

SubmitCall::SubmitCall(Backend& backend, grpc::CallbackServerContext& context,
                       std::uint64_t staging, job::v1::SubmitJobResponse& response)
    : backend_(backend), context_(context), response_(response), staging_(staging) {
  if (const auto& why = backend_.loop.degraded(); why.empty()) {
    StartRead(&request_);
  } else {
    refuse({ErrorCode::kUnavailable, why});
  }
}

void SubmitCall::OnReadDone(bool ok) {
  if (!ok) {
    complete();
    return;
  }
  if (request_.has_header()) {
    if (const auto taken = take_header(request_.header()); !taken) return refuse(taken.error());
    if (!is_for_own_tenant()) {
      return Finish({grpc::StatusCode::PERMISSION_DENIED, to_words(caller_of(context_)) +
                                                              " may not submit for tenant " +
                                                              event_.spec.tenant.value});
    }
    StartRead(&request_);
  } else if (request_.has_page()) {
    if (const auto taken = take_page(*request_.mutable_page()); !taken) {
      return refuse(taken.error());
    }
    stage(*request_.mutable_page());
  } else {
    refuse({ErrorCode::kInvalidArgument, "a message with neither header nor page"});
  }
}

Result<> SubmitCall::take_header(const job::v1::SubmitHeader& header) {
  if (std::exchange(has_header_, true)) {
    return fail(ErrorCode::kInvalidArgument, "header: sent twice");
  }
  const auto& id = header.request_id();
  const auto spec = wire::from_wire(header.spec());
  std::string problems = spec ? "" : spec.error().message;
  if (id.empty() || id.size() > kRequestIdBytesMax) {
    problems += std::string{problems.empty() ? "" : "; "} +
                "request_id: not 1 to 128 bytes: " + std::to_string(id.size());
  }
  if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, problems);

  const auto bytes = canonical_bytes(header.spec());
  spec_bytes_ = bytes.size();
  add(hash_, bytes);
  has_payloads_ = header.has_payloads();
  if (has_payloads_ && !spec->indices.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "indices: not together with payloads, which tell the tasks apart by themselves");
  }
  hash_.update(has_payloads_ ? "payloads" : "no payloads");
  event_.spec = *spec;
  // Who says nothing of tenants submits for its own.
  const auto caller = caller_of(context_);
  if (spec->tenant == protocol::JobSpec{}.tenant && !caller.tenant.empty()) {
    event_.spec.tenant = TenantId{caller.tenant};
  }
  event_.request = {event_.spec.tenant, id};
  if (has_payloads_) event_.staging = staging_;
  return {};
}

bool SubmitCall::is_for_own_tenant() const {
  const auto own = tenant_of(caller_of(context_));
  return own.empty() || event_.spec.tenant.value == own;
}

Result<> SubmitCall::take_page(job::v1::PayloadPage& page) {
  const auto refused = [](const std::string& problem) {
    return fail(ErrorCode::kInvalidArgument, problem);
  };
  if (!has_header_) return refused("page: sent before the header");
  if (!has_payloads_) return refused("page: the header says has_payloads = false");
  if (page.payloads_size() == 0) return refused("page: empty");
  if (page.payloads_size() > kPagePayloadsMax) {
    return refused("page: over 1000 payloads: " + std::to_string(page.payloads_size()));
  }
  std::size_t bytes = 0;
  auto index = payloads_taken_;
  for (const auto& payload : page.payloads()) {
    if (payload.size() > protocol::kPayloadBytesMax) {
      return refused("payload of task " + std::to_string(index) +
                     ": over 64 KiB: " + std::to_string(payload.size()));
    }
    bytes += payload.size();
    add(hash_, payload);
    ++index;
  }
  if (bytes > kPageBytesMax) return refused("page: over 2 MiB: " + std::to_string(bytes));
  if (index > event_.spec.task_count) {
    return refused("payloads: more than task_count, " + std::to_string(event_.spec.task_count));
  }
  return {};
}

// The next page is read only when this one is durable: the client waits for our disk.
void SubmitCall::stage(job::v1::PayloadPage& page) {
  std::vector<std::string> payloads{std::make_move_iterator(page.mutable_payloads()->begin()),
                                    std::make_move_iterator(page.mutable_payloads()->end())};
  const auto first = payloads_taken_;
  payloads_taken_ += payloads.size();
  backend_.store.stage(staging_, first, std::move(payloads), [this](const Result<>& staged) {
    if (!staged) return refuse(retriable(staged.error()));
    StartRead(&request_);
  });
}

void SubmitCall::complete() {
  if (context_.IsCancelled()) {
    Finish(grpc::Status::CANCELLED);
  } else if (!has_header_) {
    refuse({ErrorCode::kInvalidArgument, "the stream ended before a header"});
  } else if (has_payloads_ && payloads_taken_ != event_.spec.task_count) {
    refuse({ErrorCode::kInvalidArgument, "payloads: " + std::to_string(payloads_taken_) +
                                             " came, task_count is " +
                                             std::to_string(event_.spec.task_count)});
  } else {
    event_.request_hash = hash_.finish();
    // Another tenant's jobs and artifacts are none that work can build on.
    backend_.store.read([this](StoreReader& reader) {
      const auto own = check_references(reader);
      backend_.io.post([this, own] { submit(own); });
    });
  }
}

Result<> SubmitCall::check_references(StoreReader& reader) const {
  const auto tenant = tenant_of(caller_of(context_));
  for (const auto& dependency : event_.spec.after) {
    if (auto own = check_own_job(reader, tenant, dependency.job); !own) return own;
  }
  std::vector<std::string> digests;
  for (const auto& input : event_.spec.inputs) digests.push_back(input.digest);
  HEARTH_TRY(foreign, foreign_artifacts(reader, *backend_.uploads, tenant, digests));
  if (foreign.empty()) return {};
  return not_stored({foreign.begin(), foreign.end()});
}

void SubmitCall::submit(Result<> sound) {
  if (sound) sound = check_deadline();
  if (sound) sound = check_inputs(backend_.blobs, event_.spec);
  hand_over(backend_, spec_bytes_, event_, sound, [this](const Result<JobReply>& reply) {
    if (!reply) return refuse(reply.error());
    audit(backend_, context_, "SubmitJob", to_string(reply->job));
    response_.set_job_id(to_string(reply->job));
    response_.set_cursor(to_cursor(backend_.store_id, reply->seq - 1));
    response_.set_already_submitted(reply->already_submitted);
    Finish(grpc::Status::OK);
  });
}

Result<> SubmitCall::check_deadline() const {
  const auto& deadline = event_.spec.deadline;
  const auto now = utc_now();
  if (!deadline || *deadline > now) return {};
  return fail(ErrorCode::kInvalidArgument, "deadline: " + hearth::to_string(*deadline) +
                                               " is in the past; it is " + hearth::to_string(now));
}

Result<> check_inputs(const BlobStore& blobs, const protocol::JobSpec& spec) {
  std::set<std::string> missing;
  for (const auto& input : spec.inputs) {
    if (!blobs.use(input.digest)) missing.insert(input.digest);
  }
  if (missing.empty()) return {};
  return not_stored(missing);
}

void hand_over(Backend& backend, std::size_t bytes, SubmitRequested event, const Result<>& sound,
               std::function<void(const Result<JobReply>&)> done) {
  auto request = [&backend, bytes, event, done] {
    backend.loop.request(bytes + sizeof event, event, done);
  };
  if (sound) return request();
  backend.loop.post([&backend, request, key = event.request, done, error = sound.error()] {
    if (backend.loop.scheduler().knows(key)) {
      request();
    } else {
      done(tl::unexpected(error));
    }
  });
}

}  // namespace hearth::scheduler
