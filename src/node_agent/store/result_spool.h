// Results on disk until the scheduler has acknowledged them, in STATE/spool/.
//
// One small file per result: a header with a checksum, then a serialized hearth.node.v1.TaskResult
// as it goes on the stream. Written without fsync, renamed in place: a power cut may cost a rerun
// (the checksum finds what it tore), never an acknowledged result. Output artifacts of a result
// lie in outputs/<attempt>/<digest>. Files of forgotten results are kept in drafts/ and written
// again: making and deleting a file for each of thousands of small tasks a second costs more than
// all the rest (ext4 searches the inodes deleted lately at each new one). Blocking, but only for
// microseconds; made for one thread.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "protocol/output.h"
#include "protocol/stream.h"

namespace hearth::node_agent {

class ResultSpool {
 public:
  explicit ResultSpool(std::string directory);

  // Makes the directory and takes in what lies there. Files that cannot be read are set aside as
  // unreadable/<name>, with a log line. kUnavailable: the directory cannot be made.
  Result<std::vector<protocol::HeldAttempt>> open();

  // Keeps a result, of at most kResultBytesMax, and what the attempt printed. Fails where it cannot
  // be written (the disk is full); then it is kept in memory and served from there all the same.
  Result<> put(const protocol::AttemptReport& report, std::string_view result,
               const protocol::OutputTails& tails = {});

  // The serialized TaskResult; nothing if there is none, or it cannot be read any more.
  std::optional<std::string> load(AttemptId attempt);

  // Turns a kept result into a failure without outputs.
  void change_to_failure(AttemptId attempt, protocol::FailureClass failure,
                         const std::string& message);

  // Deletes a result and its outputs; nothing happens if there is none.
  void forget(AttemptId attempt);

  bool contains(AttemptId attempt) const { return entries_.contains(attempt); }
  std::size_t size() const { return entries_.size(); }

  // The outputs of a spooled result, and where the file of each lies.
  std::vector<protocol::OutputArtifact> outputs_of(AttemptId attempt) const;
  std::string output_directory(AttemptId attempt) const;
  std::string output_path(AttemptId attempt, const std::string& digest) const;

 private:
  struct Entry {
    TaskId task;
    std::vector<protocol::OutputArtifact> outputs;
    std::string recent;  // what was just written, so that sending it costs no read
    bool only_in_memory = false;
  };

  std::string path_of(AttemptId attempt) const;
  std::string draft_path(std::size_t number) const;
  void take_in(const std::string& name);
  void set_aside(const std::string& name, const std::string& reason);
  void remember_recent(AttemptId attempt, Entry& entry, std::string record);

  std::string directory_;
  std::map<AttemptId, Entry> entries_;
  std::deque<AttemptId> recent_;  // in the order written; some may be gone
  std::size_t recent_bytes_ = 0;
  std::size_t drafts_ = 0;  // drafts/0 to drafts/<drafts_ - 1> are there to be written again
};

}  // namespace hearth::node_agent
