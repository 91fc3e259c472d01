// Streams that are open, so that those end whose certificate is not believed any more: TLS looks at
// it only when a connection begins.
//
// Functions may be called from any thread. A thread of its own looks every second.
#pragma once

#include <grpcpp/server_context.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "tls/certificate.h"
#include "tls/identity.h"

namespace hearth::scheduler {

class OpenCalls {
 public:
  using Believed = std::function<bool(const tls::Identity&, const tls::Certificate&)>;

  explicit OpenCalls(Believed believed);
  ~OpenCalls();
  OpenCalls(const OpenCalls&) = delete;
  OpenCalls& operator=(const OpenCalls&) = delete;

  // Lives as long as the call: destroyed in its OnDone at the latest.
  class Entry {
   public:
    Entry(OpenCalls& calls, std::uint64_t number) : calls_(calls), number_(number) {}
    ~Entry() { calls_.remove(number_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    OpenCalls& calls_;
    std::uint64_t number_;
  };

  std::unique_ptr<Entry> add(grpc::CallbackServerContext& context);

  // Cancels those that are not believed now; their number.
  std::size_t sweep();

 private:
  struct Call {
    grpc::CallbackServerContext* context;
    tls::Identity identity;
    tls::Certificate certificate;
    bool cancelled = false;
  };

  void remove(std::uint64_t number);
  void run();

  const Believed believed_;
  std::mutex mutex_;
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t last_number_ = 0;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// None in the clear.
inline std::unique_ptr<OpenCalls::Entry> entry_in(const std::shared_ptr<OpenCalls>& calls,
                                                  grpc::CallbackServerContext& context) {
  return calls ? calls->add(context) : nullptr;
}

}  // namespace hearth::scheduler
