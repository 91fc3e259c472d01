#include "node_agent/rpc/enrolment.h"

#include <grpcpp/create_channel.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <random>

#include "common/log.h"
#include "hearth/trust/v1/trust.grpc.pb.h"
#include "node_agent/store/files.h"
#include "tls/authority.h"
#include "tls/channel.h"
#include "tls/credential_directory.h"
#include "tls/identity.h"
#include "wire/status.h"

namespace hearth::node_agent {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::size_t kFileBytesMax = 64 << 10;
constexpr Duration kPauseLeast{500};
constexpr Duration kPauseMost = std::chrono::minutes{10};
constexpr int kJitterPercent = 20;

UtcTime now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::string server_file(const std::string& state_directory) {
  return enrolled_directory(state_directory) + "/server";
}

// Kept until there is a certificate for it: an answer that was lost is asked for again.
std::string pending_key_file(const std::string& state_directory) {
  return enrolled_directory(state_directory) + "/pending.key";
}

// Takes what the scheduler answered, if it is sound.
Result<tls::Certificate> keep(const tls::Credentials& credentials, const std::string& node,
                              const std::string& state_directory) {
  HEARTH_TRY(told, tls::read_certificate(credentials.certificate));
  // Our clock may be behind the scheduler's.
  auto facts = tls::check_credentials(credentials, std::max(now(), told.not_before), true);
  if (!facts) {
    return fail(facts.error().code,
                "the certificate that came is of no use (is the clock of this computer right?): " +
                    facts.error().message);
  }
  HEARTH_TRY(identity, tls::identity_of(facts->uris));
  if (identity.role != tls::Role::kNode || identity.name != node) {
    return fail(ErrorCode::kInvalidArgument, "the certificate that came is of " + to_uri(identity));
  }
  tls::CredentialDirectory directory{enrolled_directory(state_directory)};
  if (auto put = directory.put(credentials); !put) return tl::unexpected(put.error());
  return facts;
}

Result<tls::Request> pending_request(const std::string& node, const std::string& state_directory) {
  const auto path = pending_key_file(state_directory);
  if (const auto key = read_file(path, kFileBytesMax)) {
    if (auto again = tls::make_request(node, *key)) return again;
  }
  HEARTH_TRY(fresh, tls::make_request(node));
  if (auto kept = replace_file(path, fresh.key); !kept) return tl::unexpected(kept.error());
  return fresh;
}

// One call to EnrolmentService.
Result<trust::v1::EnrolResponse> ask(const std::string& server, const std::string& authorities,
                                     const trust::v1::EnrolRequest& request,
                                     grpc::ClientContext& context) {
  const auto channel = grpc::CreateChannel(server, tls::stranger_credentials(authorities));
  const auto stub = trust::v1::EnrolmentService::NewStub(channel);
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  context.set_wait_for_ready(false);
  trust::v1::EnrolResponse response;
  const auto status = stub->Enrol(&context, request, &response);
  if (!status.ok()) return tl::unexpected(wire::from_status(status));
  return response;
}

}  // namespace

std::string enrolled_directory(const std::string& state_directory) {
  return state_directory + "/enrolled";
}

tls::CredentialPaths enrolled_paths(const std::string& state_directory) {
  return tls::CredentialDirectory{enrolled_directory(state_directory)}.paths();
}

Result<tls::Certificate> enrol(const EnrolmentToken& token, const std::string& state_directory) {
  if (auto made = make_directories(enrolled_directory(state_directory)); !made) {
    return tl::unexpected(made.error());
  }
  HEARTH_TRY(ours, pending_request(token.node, state_directory));
  trust::v1::EnrolRequest request;
  request.set_token(token.token);
  request.set_request(ours.request);
  grpc::ClientContext context;
  HEARTH_TRY(response, ask(token.enrolment, token.authorities, request, context));
  if (auto kept = replace_file(server_file(state_directory), token.enrolment); !kept) {
    return tl::unexpected(kept.error());
  }
  HEARTH_TRY(facts, keep({response.certificate(), ours.key, response.authorities()}, token.node,
                         state_directory));
  std::error_code ignored;
  std::filesystem::remove(pending_key_file(state_directory), ignored);
  return facts;
}

CertificateRenewal::CertificateRenewal(boost::asio::io_context& io, Post post,
                                       const std::shared_ptr<grpc::Channel>& channel,
                                       std::string state_directory)
    : io_(io),
      post_(std::move(post)),
      channel_(channel),
      state_directory_(std::move(state_directory)),
      timer_(io),
      random_(std::random_device{}()) {}

void CertificateRenewal::start() {
  look();
}

void CertificateRenewal::stop() {
  timer_.cancel();
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  if (under_way_ != nullptr) under_way_->TryCancel();
}

void CertificateRenewal::look_after(Duration pause) {
  const auto jitter = static_cast<Duration::rep>(100 - random_.below(kJitterPercent));
  timer_.expires_after(std::clamp(pause, kPauseLeast, kPauseMost) * jitter / 100);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look();
  });
}

void CertificateRenewal::look() {
  const auto credentials = tls::read_credentials(enrolled_paths(state_directory_));
  const auto facts = credentials ? tls::read_certificate(credentials->certificate)
                                 : tl::unexpected(credentials.error());
  if (!facts) {
    log::error("certificate_not_readable", {{"reason", facts.error().message}});
    return look_after(kPauseMost);
  }
  const auto life = facts->not_after - facts->not_before;
  const auto due = facts->not_before + life * 2 / 3;
  const auto moment = now();
  if (moment < due) return look_after(due - moment);
  post_([this, until = facts->not_after, moment, life] {
    const auto renewed = renew(moment >= until);
    boost::asio::post(io_, [this, renewed, until, moment, life] {
      {
        const std::lock_guard lock{mutex_};
        if (stopped_) return;
      }
      if (renewed) {
        log::info("certificate_renewed",
                  {{"serial", renewed->serial}, {"until", renewed->not_after}});
        return look();
      }
      const bool urgent = moment > until - life / 10;
      (urgent ? log::error : log::warn)("certificate_not_renewed",
                                        {{"reason", renewed.error().message}, {"until", until}});
      look_after(life / 20);
    });
  });
}

Result<tls::Certificate> CertificateRenewal::renew(bool ended) {
  HEARTH_TRY(ours, tls::read_credentials(enrolled_paths(state_directory_)));
  HEARTH_TRY(facts, tls::read_certificate(ours.certificate));
  HEARTH_TRY(identity, tls::identity_of(facts.uris));
  grpc::ClientContext context;
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) return fail(ErrorCode::kUnavailable, "stopping");
    under_way_ = &context;
  }
  const auto answer = [&]() -> Result<tls::Credentials> {
    if (ended) {  // only the key still proves who we are, so it stays
      const auto server = read_file(server_file(state_directory_), kFileBytesMax);
      if (!server) return fail(ErrorCode::kNotFound, "where to renew it is not known");
      HEARTH_TRY(same, tls::make_request(identity.name, ours.key));
      trust::v1::EnrolRequest request;
      request.set_certificate(ours.certificate);
      request.set_request(same.request);
      HEARTH_TRY(response, ask(*server, ours.authorities, request, context));
      return tls::Credentials{response.certificate(), ours.key, response.authorities()};
    }
    HEARTH_TRY(fresh, tls::make_request(identity.name));
    trust::v1::RenewCertificateRequest request;
    request.set_request(fresh.request);
    trust::v1::RenewCertificateResponse response;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto stub = trust::v1::RenewalService::NewStub(channel_);
    const auto status = stub->RenewCertificate(&context, request, &response);
    if (!status.ok()) return tl::unexpected(wire::from_status(status));
    return tls::Credentials{response.certificate(), fresh.key, response.authorities()};
  }();
  {
    const std::lock_guard lock{mutex_};
    under_way_ = nullptr;
  }
  if (!answer) return tl::unexpected(answer.error());
  return keep(*answer, identity.name, state_directory_);
}

}  // namespace hearth::node_agent
