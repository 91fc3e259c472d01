// One Connect call: gRPC's callbacks on one side, the agent's loop on the other.
//
// gRPC's threads only post to the loop; every other function is called on the loop's thread. One
// read and one write are under way at a time; the next read starts when the loop asks for it.
// Keeps itself alive until on_done was told.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "hearth/node/v1/node.grpc.pb.h"

namespace hearth::node_agent {

class ConnectCall final
    : public grpc::ClientBidiReactor<node::v1::ConnectRequest, node::v1::ConnectResponse>,
      public std::enable_shared_from_this<ConnectCall> {
 public:
  struct Handlers {
    std::function<void(const node::v1::ConnectResponse&)> on_message;
    std::function<void()> on_written;
    std::function<void(const grpc::Status&)> on_done;  // last of all
  };

  static std::shared_ptr<ConnectCall> open(boost::asio::io_context& io,
                                           node::v1::NodeService::Stub& stub, Handlers handlers);

  // Arms the next read; the handler of the last message has returned.
  void read_next();

  // Requires that nothing is being written.
  void write(node::v1::ConnectRequest request);
  bool is_writing() const { return writing_; }

  void cancel() { context_.TryCancel(); }

 private:
  ConnectCall(boost::asio::io_context& io, Handlers handlers)
      : io_(io), handlers_(std::move(handlers)) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void finish_reading();

  boost::asio::io_context& io_;
  Handlers handlers_;
  grpc::ClientContext context_;
  node::v1::ConnectRequest request_;
  node::v1::ConnectResponse response_;
  std::shared_ptr<ConnectCall> self_;
  bool writing_ = false;
  bool reading_ended_ = false;
};

}  // namespace hearth::node_agent
