// Follows the files of one side's credentials and stages a checked copy of them, so that a file
// that is broken, half written or expired is never served.
//
// The copies lie in a CredentialDirectory; gRPC reads them there. A thread of its own looks once a
// second and takes files that have been left alone for one look. Functions may be called from any
// thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "tls/certificate.h"
#include "tls/credential_directory.h"

namespace hearth::tls {

class CredentialWatch {
 public:
  struct Options {
    CredentialPaths files;
    std::string directory;  // made if missing, for its owner alone
    bool chained = false;   // the certificate is by one of the authorities
    // Of somebody whose clock may be wrong, and who has better things to do than to be heard: a
    // certificate that has ended is no reason not to start, and one that has not begun is none at
    // all. The peer will judge.
    bool clock_in_doubt = false;
    Duration period{std::chrono::seconds{1}};
  };

  // Takes the files as they are. kInvalidArgument, kNotFound: they are not sound. kUnavailable: the
  // directory cannot be written.
  static Result<std::unique_ptr<CredentialWatch>> start(Options options);
  ~CredentialWatch();

  // Where the copies in force are.
  [[nodiscard]] CredentialPaths staged() const { return copies_.paths(); }

  // How often changed files were refused, since the start.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  // When the certificate in force ends.
  [[nodiscard]] UtcTime not_after() const { return UtcTime{Duration{not_after_ms_.load()}}; }

 private:
  explicit CredentialWatch(Options options)
      : options_(std::move(options)), copies_(options_.directory) {}

  [[nodiscard]] Result<Certificate> check(const Credentials& credentials, bool at_start) const;
  Result<> stage(const Credentials& credentials, const Certificate& facts);
  void run();
  void look();
  [[nodiscard]] std::string stamp() const;

  Options options_;
  CredentialDirectory copies_;
  std::string taken_;  // stamp of the files that were decided on
  std::string seen_;   // stamp at the last look
  Credentials in_force_;
  std::atomic<std::uint64_t> failures_ = 0;
  std::atomic<std::int64_t> not_after_ms_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hearth::tls
