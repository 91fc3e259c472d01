// One SubmitJob call: takes header and payload pages, checks them, stages the pages as they come
// and hands the job to the core. It deletes itself once the call is done.
#pragma once

#include <functional>

#include "common/digest.h"
#include "hearth/job/v1/job.pb.h"
#include "scheduler/rpc/calls.h"

namespace hearth::scheduler {

inline constexpr std::size_t kRequestIdBytesMax = 128;

// Whether all inputs are stored; kFailedPrecondition names those that are not. On the I/O pool.
Result<> check_inputs(const BlobStore& blobs, const protocol::JobSpec& spec);

// Hands the job to the core where it is sound. What was submitted before is answered as before,
// though a deadline has passed or an input has gone since. `bytes`: of the specification.
void hand_over(Backend& backend, std::size_t bytes, SubmitRequested event, const Result<>& sound,
               std::function<void(const Result<JobReply>&)> done);

class SubmitCall final : public grpc::ServerReadReactor<job::v1::SubmitJobRequest> {
 public:
  // `staging` names the pages of this call, should there be any; never used before.
  SubmitCall(Backend& backend, grpc::CallbackServerContext& context, std::uint64_t staging,
             job::v1::SubmitJobResponse& response);

 private:
  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

  Result<> take_header(const job::v1::SubmitHeader& header);
  Result<> take_page(job::v1::PayloadPage& page);
  void stage(job::v1::PayloadPage& page);
  void complete();
  bool is_for_own_tenant() const;
  Result<> check_references(StoreReader& reader) const;  // on the store's thread
  void submit(Result<> sound);                           // on the I/O pool
  Result<> check_deadline() const;
  void refuse(const Error& error) { Finish(wire::to_status(error)); }

  Backend& backend_;
  grpc::CallbackServerContext& context_;
  job::v1::SubmitJobResponse& response_;
  job::v1::SubmitJobRequest request_;
  SubmitRequested event_;
  std::uint64_t staging_;
  bool has_header_ = false;
  bool has_payloads_ = false;
  std::uint64_t payloads_taken_ = 0;
  std::size_t spec_bytes_ = 0;
  Sha256 hash_;
};

}  // namespace hearth::scheduler
