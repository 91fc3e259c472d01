// A runner pool over real runner processes, in a directory of its own. Waits for events with a
// deadline, never for time to pass, and leaves neither processes nor files.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node_agent/runtime/runner_pool.h"

namespace hearth::node_agent {

class PoolHarness : public testing::Test {
 protected:
  PoolHarness();
  ~PoolHarness() override;

  // A new agent: opens a pool and waits until it has found what there is (in found_).
  void open_pool(std::set<AttemptId> spooled = {});
  // kill -9 of the agent: no goodbye.
  void crash_pool() { pool_.reset(); }

  // Orders for fresh attempts.
  StartTask order(std::vector<std::string> command);
  StartTask shell(const std::string& script) { return order({"/bin/sh", "-c", script}); }

  protocol::AttemptReport run(const StartTask& order, std::vector<runner::InputFile> inputs = {},
                              std::string payload = {});
  protocol::AttemptReport run_shell(const std::string& script) { return run(shell(script)); }
  // Until the task has written a file "ready" to its scratch directory; returns its words.
  std::vector<std::string> start_until_ready(const StartTask& order);
  protocol::AttemptReport wait_for_end(AttemptId attempt);
  void wait_until(const std::function<bool()>& condition, const char* what);

  std::string path_of(AttemptId attempt, const std::string& file) const;
  std::string content(AttemptId attempt, const std::string& file) const;
  std::string make_file(const std::string& name, const std::string& text) const;
  void touch(AttemptId attempt, const std::string& file) const;

  std::string directory_;
  RunnerPoolConfig config_;
  boost::asio::io_context io_;
  std::unique_ptr<RunnerPool> pool_;
  std::vector<RunnersFound::Running> found_;
  std::set<AttemptId> started_;
  std::map<AttemptId, protocol::AttemptReport> ended_;

 private:
  std::uint64_t last_counter_ = 0;
};

// The state letter of /proc/<pid>/stat; 'X' if there is no such process.
char state_of(int pid);
bool is_alive(int pid);

// Reaps ended children of this process, and tells whether any process is left below it.
bool any_process_left();

}  // namespace hearth::node_agent
