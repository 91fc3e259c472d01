// The gRPC server: all services on one port, with reflection and health checking.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "scheduler/rpc/backend.h"
#include "scheduler/rpc/session_table.h"
#include "tls/certificate.h"

namespace hearth::scheduler {

class RpcServer {
 public:
  // Serves from here on; `backend.loop` is started. With `staged` (CredentialWatch) over mutual
  // TLS, otherwise in the clear. kUnavailable: the address cannot be had.
  static Result<std::unique_ptr<RpcServer>> start(
      const std::string& listen, Backend backend, SessionTable& sessions,
      const std::optional<tls::CredentialPaths>& staged = std::nullopt);
  ~RpcServer();

  // As bound: chosen by the system where `listen` said 0.
  [[nodiscard]] int port() const;

  // Ends streams and waiting calls with UNAVAILABLE, then the server; calls that do not end within
  // `grace` are cut off. The loop must still run.
  void stop(Duration grace);

 private:
  struct Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
