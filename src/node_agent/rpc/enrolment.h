// How a node comes to its certificate, and to the next one before that ends.
//
// Certificate, key and authorities lie in a CredentialDirectory of the agent's own; beside them
// "server" says where certificates that have ended are renewed. Keys never leave the node.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "common/random.h"
#include "common/time.h"
#include "node_agent/store/enrolment_token.h"
#include "tls/certificate.h"

namespace hearth::node_agent {

// Where an enrolled agent has its credentials.
std::string enrolled_directory(const std::string& state_directory);
tls::CredentialPaths enrolled_paths(const std::string& state_directory);

// Turns the token into a certificate, which it returns; blocking. May be repeated when the answer
// was lost. Errors as of EnrolmentService.Enrol, and kInvalidArgument where the answer is no sound
// certificate of this node.
Result<tls::Certificate> enrol(const EnrolmentToken& token, const std::string& state_directory);

// Renews the certificate of an enrolled agent at two thirds of its life, and tries again until it
// succeeds. Lives on the loop's thread; what blocks is given to `post`, a pool that outlives it.
class CertificateRenewal {
 public:
  using Post = std::function<void(std::function<void()>)>;

  CertificateRenewal(boost::asio::io_context& io, Post post,
                     const std::shared_ptr<grpc::Channel>& channel, std::string state_directory);

  void start();
  // Ends a call under way; nothing is renewed any more.
  void stop();

 private:
  void look();
  void look_after(Duration pause);
  Result<tls::Certificate> renew(bool ended);  // on the pool

  boost::asio::io_context& io_;
  Post post_;
  std::shared_ptr<grpc::Channel> channel_;
  const std::string state_directory_;
  boost::asio::steady_timer timer_;
  Random random_;
  std::mutex mutex_;
  bool stopped_ = false;
  grpc::ClientContext* under_way_ = nullptr;
};

}  // namespace hearth::node_agent
