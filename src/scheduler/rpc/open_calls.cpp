#include "scheduler/rpc/open_calls.h"

#include "common/log.h"
#include "scheduler/rpc/access.h"

namespace hearth::scheduler {

OpenCalls::OpenCalls(Believed believed)
    : believed_(std::move(believed)), thread_([this] { run(); }) {}

OpenCalls::~OpenCalls() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::unique_ptr<OpenCalls::Entry> OpenCalls::add(grpc::CallbackServerContext& context) {
  const auto certificate = peer_certificate(*context.auth_context());
  if (!certificate) return nullptr;  // AccessProcessor lets nobody in without
  const std::lock_guard lock{mutex_};
  calls_[++last_number_] = {&context, caller_of(context), *certificate};
  return std::make_unique<Entry>(*this, last_number_);
}

void OpenCalls::remove(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  calls_.erase(number);
}

std::size_t OpenCalls::sweep() {
  const std::lock_guard lock{mutex_};
  std::size_t ended = 0;
  for (auto& [number, call] : calls_) {
    if (call.cancelled || believed_(call.identity, call.certificate)) continue;
    log::warn("stream_ended_for_its_certificate",
              {{"who", to_uri(call.identity)}, {"serial", call.certificate.serial}});
    call.context->TryCancel();  // OnCancel is called by another thread
    call.cancelled = true;
    ++ended;
  }
  return ended;
}

void OpenCalls::run() {
  std::unique_lock lock{mutex_};
  while (!wake_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_; })) {
    lock.unlock();
    sweep();
    lock.lock();
  }
}

}  // namespace hearth::scheduler
