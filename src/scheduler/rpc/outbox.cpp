#include "scheduler/rpc/outbox.h"

#include "wire/node.h"
#include "wire/output.h"

namespace hearth::scheduler {
namespace {

constexpr int kBatchMessagesMax = 200;
constexpr std::size_t kBatchBytesMax = 512 * 1024;

}  // namespace

void Outbox::push(const protocol::SchedulerMessage& message) {
  Item item;
  if (const auto* details = std::get_if<protocol::JobDetails>(&message)) {
    if (details->has_payloads) with_payloads_.insert(details->job);
  } else if (const auto* start = std::get_if<protocol::StartAttempt>(&message)) {
    if (with_payloads_.contains(start->task.job)) item.payload_of = start->task;
  }
  wire::to_wire(message, &item.message);
  add(std::move(item));
}

void Outbox::push(const protocol::ReadOutput& question) {
  Item item;
  wire::to_wire(question, item.message.mutable_read_output());
  add(std::move(item));
}

void Outbox::add(Item item) {
  item.bytes = item.message.ByteSizeLong() + sizeof(Item);
  bytes_ += item.bytes;
  items_.push_back(std::move(item));
}

std::optional<TaskId> Outbox::take(PayloadCache& payloads, node::v1::ConnectResponse& out) {
  std::size_t bytes = 0;
  while (!items_.empty() && out.messages_size() < kBatchMessagesMax && bytes < kBatchBytesMax) {
    auto& item = items_.front();
    if (item.payload_of) {
      const auto* payload = payloads.find(*item.payload_of);
      if (payload == nullptr) return item.payload_of;
      item.message.mutable_start_attempt()->set_payload(*payload);
      bytes += payload->size();
    }
    bytes += item.bytes;
    bytes_ -= item.bytes;
    *out.add_messages() = std::move(item.message);
    items_.pop_front();
  }
  return std::nullopt;
}

}  // namespace hearth::scheduler
