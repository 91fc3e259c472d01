#include "node_agent/rpc/connect_call.h"

#include <boost/asio/post.hpp>

#include "common/check.h"

namespace hearth::node_agent {

std::shared_ptr<ConnectCall> ConnectCall::open(boost::asio::io_context& io,
                                               node::v1::NodeService::Stub& stub,
                                               Handlers handlers) {
  std::shared_ptr<ConnectCall> call{new ConnectCall(io, std::move(handlers))};
  call->self_ = call;
  stub.async()->Connect(&call->context_, call.get());
  call->AddHold();  // operations start outside of gRPC's callbacks; released after the last read
  call->StartRead(&call->response_);
  call->StartCall();
  return call;
}

void ConnectCall::read_next() {
  if (!reading_ended_) StartRead(&response_);
}

void ConnectCall::write(node::v1::ConnectRequest request) {
  CHECK(!writing_);
  if (reading_ended_) return;  // the call is over; on_done is on its way
  writing_ = true;
  request_ = std::move(request);
  StartWrite(&request_);
}

void ConnectCall::OnReadDone(bool ok) {
  boost::asio::post(io_, [this, ok] {
    if (!ok) return finish_reading();
    handlers_.on_message(response_);
  });
}

void ConnectCall::OnWriteDone(bool ok) {
  boost::asio::post(io_, [this, ok] {
    writing_ = false;
    if (ok) handlers_.on_written();  // otherwise the read fails, too
  });
}

// Nothing is started any more, so that gRPC may end the call.
void ConnectCall::finish_reading() {
  reading_ended_ = true;
  RemoveHold();
}

void ConnectCall::OnDone(const grpc::Status& status) {
  boost::asio::post(io_, [self = std::move(self_), status] { self->handlers_.on_done(status); });
}

}  // namespace hearth::node_agent
