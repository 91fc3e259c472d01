// A server stream that follows the store's log: all there is since a cursor, then what comes.
//
// It is one chain with a single thing under way at any time: read (store's thread), write (gRPC's),
// wait (the loop's). Nothing is read before the client took what was read before, and nothing needs
// a lock. It deletes itself once the call is done.
#pragma once

#include <atomic>
#include <deque>

#include "scheduler/rpc/calls.h"
#include "scheduler/rpc/open_calls.h"

namespace hearth::scheduler {

template <class Response>
class FollowStream : public grpc::ServerWriteReactor<Response> {
 public:
  explicit FollowStream(Backend& backend) : backend_(backend) {}

  // Ends it when the caller is not believed any more. Before begin().
  void hold(std::unique_ptr<OpenCalls::Entry> entry) { entry_ = std::move(entry); }

  // Called once, after construction.
  void begin() {
    backend_.loop.post([this] { read(); });
  }

 protected:
  // On the loop's thread, before each load. True: what was noted here may run ahead of the disk,
  // so load() comes after all of it is durable.
  virtual bool prepare(const Scheduler&) { return false; }

  // On the store's thread: puts what comes next into `pending`, true when nothing will follow it.
  virtual Result<bool> load(StoreReader& reader, std::deque<Response>& pending) = 0;

  // On the loop's thread, a few times a second during a wait: whether to load again.
  virtual bool has_news(const Scheduler&) { return false; }

  Backend& backend() { return backend_; }

  // Everything up to here was durable before the load.
  [[nodiscard]] Sequence newest() const { return newest_; }

 private:
  void read() {  // the loop's thread
    newest_ = backend_.loop.durable_seq();
    const auto ahead = prepare(backend_.loop.scheduler());
    const auto until = ahead ? backend_.loop.scheduler().last_seq() : newest_;
    await(until, [this](bool durable) {
      waiter_ = 0;
      if (!durable || cancelled_) return end_early();
      backend_.store.read([this](StoreReader& reader) { take(load(reader, pending_)); });
    });
  }

  void take(Result<bool> all) {  // the store's thread
    if (!all) {
      this->Finish(wire::to_status(all.error()));
      return;
    }
    complete_ = *all;
    write_next();
  }

  void write_next() {
    if (cancelled_) {
      this->Finish(grpc::Status::CANCELLED);
    } else if (!pending_.empty()) {
      writing_ = std::move(pending_.front());
      pending_.pop_front();
      wrote_ = true;
      this->StartWrite(&writing_);
    } else if (complete_) {
      this->Finish(grpc::Status::OK);
    } else if (std::exchange(wrote_, false)) {
      backend_.loop.post([this] { read(); });
    } else {
      backend_.loop.post([this] { wait(); });
    }
  }

  void wait() {  // the loop's thread
    if (cancelled_) return end_early();
    await(
        newest_ + 1,
        [this](bool) {
          waiter_ = 0;
          if (cancelled_ || backend_.loop.stopping()) return end_early();
          read();
        },
        [this] { return has_news(backend_.loop.scheduler()); });
  }

  void await(Sequence seq, EventLoop::Waiter waiter, EventLoop::Poll poll = {}) {
    const auto id = backend_.loop.when_durable(seq, std::move(waiter), std::move(poll));
    if (id != 0) waiter_ = id;  // else it ran, and may have set the next one
  }

  void end_early() {
    this->Finish(backend_.loop.stopping()
                     ? grpc::Status{grpc::StatusCode::UNAVAILABLE,
                                    "the scheduler is stopping: follow on from the last cursor"}
                     : grpc::Status::CANCELLED);
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      write_next();
    } else {
      this->Finish(grpc::Status::CANCELLED);
    }
  }

  void OnCancel() override {
    cancelled_ = true;
    backend_.loop.post([this] {
      if (waiter_ != 0) backend_.loop.wake(waiter_);
    });
  }

  void OnDone() override {
    entry_.reset();
    backend_.loop.post([this] { delete this; });
  }

  Backend& backend_;
  std::unique_ptr<OpenCalls::Entry> entry_;
  std::atomic<bool> cancelled_{false};
  EventLoop::WaiterId waiter_ = 0;  // the loop's thread only
  Sequence newest_ = 0;
  std::deque<Response> pending_;
  Response writing_;
  bool complete_ = false;
  bool wrote_ = false;
};

}  // namespace hearth::scheduler
