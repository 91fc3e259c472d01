// Serves hearth.trust.v1.EnrolmentService on an address of its own, to callers without a
// certificate: whoever gets here gets nothing else.
#pragma once

#include <memory>
#include <string>

#include "common/result.h"
#include "tls/certificate.h"

namespace hearth::scheduler {

class AuditLog;
class Trust;

class EnrolmentServer {
 public:
  // With the server's own certificate, as RpcServer has it. kUnavailable: the address.
  static Result<std::unique_ptr<EnrolmentServer>> start(const std::string& listen,
                                                        const tls::CredentialPaths& staged,
                                                        Trust& trust,
                                                        std::shared_ptr<AuditLog> audit);
  ~EnrolmentServer();

  [[nodiscard]] int port() const;

 private:
  struct Impl;
  explicit EnrolmentServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
