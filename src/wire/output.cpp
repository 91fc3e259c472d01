#include "wire/output.h"

#include "hearth/node/v1/node.pb.h"
#include "wire/checks.h"
#include "wire/node.h"

namespace hearth::wire {
namespace {

void to_wire(const protocol::OutputTail& tail, node::v1::OutputTail* out) {
  out->set_data(tail.data);
  out->set_size_bytes(tail.size_bytes);
}

protocol::OutputTail tail_from_wire(const char* field, const node::v1::OutputTail& in,
                                    Checks& checks) {
  checks.require(in.data().size() <= protocol::kOutputTailBytesMax, field,
                 "over 64 KiB: " + std::to_string(in.data().size()) + " bytes");
  checks.require(in.data().size() <= in.size_bytes(), field,
                 "longer than what it is the end of: " + std::to_string(in.size_bytes()));
  return {in.data(), in.size_bytes()};
}

}  // namespace

void to_wire(const protocol::OutputTails& tails, node::v1::TaskResult* out) {
  out->clear_standard_output();
  out->clear_standard_error();
  if (tails.standard_output.size_bytes > 0) {
    to_wire(tails.standard_output, out->mutable_standard_output());
  }
  if (tails.standard_error.size_bytes > 0) {
    to_wire(tails.standard_error, out->mutable_standard_error());
  }
}

Result<protocol::OutputTails> tails_from_wire(const node::v1::TaskResult& in) {
  Checks checks("task_result.");
  protocol::OutputTails tails{
      tail_from_wire("standard_output", in.standard_output(), checks),
      tail_from_wire("standard_error", in.standard_error(), checks),
  };
  return checks.finish(std::move(tails));
}

void to_wire(const protocol::ReadOutput& order, node::v1::ReadOutput* out) {
  out->Clear();
  out->set_request_id(order.request);
  to_wire(order.attempt, out->mutable_attempt());
  out->set_stream(order.stream == protocol::OutputStream::kStdout ? job::v1::OUTPUT_STREAM_STDOUT
                                                                  : job::v1::OUTPUT_STREAM_STDERR);
  out->set_offset(order.offset);
  if (order.tail_bytes) out->set_tail_bytes(*order.tail_bytes);
  out->set_bytes_max(static_cast<unsigned>(order.bytes_max));
  if (order.wait > Duration::zero()) to_wire(order.wait, out->mutable_wait());
}

Result<protocol::ReadOutput> from_wire(const node::v1::ReadOutput& in) {
  HEARTH_TRY(attempt, from_wire(in.attempt()));
  Checks checks("read_output.");
  protocol::ReadOutput order;
  order.request = in.request_id();
  order.attempt = attempt;
  checks.require(
      in.stream() == job::v1::OUTPUT_STREAM_STDOUT || in.stream() == job::v1::OUTPUT_STREAM_STDERR,
      "stream", "neither STDOUT nor STDERR: " + std::to_string(in.stream()));
  order.stream = in.stream() == job::v1::OUTPUT_STREAM_STDERR ? protocol::OutputStream::kStderr
                                                              : protocol::OutputStream::kStdout;
  order.offset = in.offset();
  if (in.has_tail_bytes()) order.tail_bytes = in.tail_bytes();
  checks.require(in.bytes_max() >= 1 && in.bytes_max() <= protocol::kOutputPieceBytesMax,
                 "bytes_max", "not in 1..65536: " + std::to_string(in.bytes_max()));
  order.bytes_max = in.bytes_max();
  order.wait = checks.duration("wait", in.wait());
  return checks.finish(std::move(order));
}

void to_wire(const protocol::OutputRead& read, node::v1::OutputRead* out) {
  out->Clear();
  out->set_request_id(read.request);
  out->set_offset(read.offset);
  out->set_data(read.data);
  out->set_size_bytes(read.size_bytes);
  out->set_ended(read.ended);
  out->set_unknown(read.unknown);
}

Result<protocol::OutputRead> from_wire(const node::v1::OutputRead& in) {
  Checks checks("output_read.");
  checks.require(in.data().size() <= protocol::kOutputPieceBytesMax, "data",
                 "over 64 KiB: " + std::to_string(in.data().size()) + " bytes");
  return checks.finish(protocol::OutputRead{in.request_id(), in.offset(), in.data(),
                                            in.size_bytes(), in.ended(), in.unknown()});
}

}  // namespace hearth::wire
