#include "node_agent/store/result_spool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hearth/node/v1/node.pb.h"
#include "support/temporary_directory.h"
#include "wire/node.h"

namespace hearth::node_agent {
namespace {

namespace fs = std::filesystem;

protocol::AttemptReport report(std::uint64_t counter) {
  protocol::AttemptReport made;
  made.attempt = {3, counter};
  made.task = {JobId{7}, counter * 10};
  made.failure = protocol::FailureClass::kUserError;
  made.exit_code = 2;
  made.message = "exit code 2";
  made.started_at = UtcTime{Duration{1'700'000'000'000}};
  made.finished_at = UtcTime{Duration{1'700'000'001'500}};
  made.nominal_run_time = Duration{1200};
  made.usage = {1.25, 4096, Joules{17}};
  return made;
}

const std::string kDigest(64, 'a');

node::v1::TaskResult load(ResultSpool& spool, AttemptId attempt) {
  node::v1::TaskResult result;
  const auto record = spool.load(attempt);
  EXPECT_TRUE(record && result.ParseFromString(*record));
  return result;
}

class ResultSpoolTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) const {
    std::ofstream{path_ + "/" + name, std::ios::binary} << content;
  }
  std::string read(const std::string& name) const {
    std::ifstream file{path_ + "/" + name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/spool";
};

TEST_F(ResultSpoolTest, GivesBackWhatItWasGivenAfterARestart) {
  const std::string bytes{"\0\xff\x01 result", 10};
  {
    ResultSpool spool{path_};
    ASSERT_TRUE(spool.open());
    ASSERT_TRUE(spool.put(report(1), bytes));
    EXPECT_EQ(load(spool, {3, 1}).result(), bytes);
  }
  ResultSpool spool{path_};
  const auto found = spool.open();
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::vector<protocol::HeldAttempt>{{{3, 1}, {JobId{7}, 10}, true}}));
  const auto result = load(spool, {3, 1});
  EXPECT_EQ(result.result(), bytes);
  EXPECT_EQ(*wire::from_wire(result), report(1));
}

TEST_F(ResultSpoolTest, ForgetsResultsWithTheirOutputs) {
  ResultSpool spool{path_};
  ASSERT_TRUE(spool.open());
  auto with_output = report(1);
  with_output.outputs = {{"out.csv", kDigest, 3}};
  ASSERT_TRUE(spool.put(with_output, ""));
  fs::create_directories(spool.output_directory({3, 1}));
  std::ofstream{spool.output_path({3, 1}, kDigest)} << "abc";
  EXPECT_EQ(spool.outputs_of({3, 1}), with_output.outputs);

  spool.forget({3, 1});
  spool.forget({3, 2});  // never there
  EXPECT_EQ(spool.size(), 0U);
  EXPECT_FALSE(spool.load({3, 1}));
  EXPECT_FALSE(fs::exists(spool.output_directory({3, 1})));
  EXPECT_FALSE(fs::exists(path_ + "/a3.1"));
}

TEST_F(ResultSpoolTest, SetsAsideWhatItCannotRead) {
  {
    ResultSpool spool{path_};
    ASSERT_TRUE(spool.open());
    for (const std::uint64_t counter : {1, 2, 3, 4, 5}) {
      ASSERT_TRUE(spool.put(report(counter), "some bytes"));
    }
  }
  const auto whole = read("a3.2");
  write("a3.2", whole.substr(0, whole.size() - 4));  // torn by a power cut
  write("a3.3", "");
  write("a3.4", std::string(whole.size(), '\0'));
  write("a3.9", read("a3.5"));  // sound, but another attempt's
  write("notes.txt", "not ours");
  fs::create_directories(path_ + "/drafts");
  write("drafts/3", "half a result");
  fs::create_directories(path_ + "/outputs/a3.77");  // of a result that is gone

  ResultSpool spool{path_};
  const auto found = spool.open();
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::vector<protocol::HeldAttempt>{{{3, 1}, {JobId{7}, 10}, true},
                                                        {{3, 5}, {JobId{7}, 50}, true}}));
  for (const char* name : {"a3.2", "a3.3", "a3.4", "a3.9", "notes.txt"}) {
    EXPECT_TRUE(fs::exists(path_ + "/unreadable/" + name)) << name;
    EXPECT_FALSE(fs::exists(path_ + "/" + name)) << name;
  }
  EXPECT_FALSE(fs::exists(path_ + "/drafts/3"));
  EXPECT_FALSE(fs::exists(path_ + "/outputs/a3.77"));
}

TEST_F(ResultSpoolTest, KeepsLittleInMemoryAndReadsTheRest) {
  ResultSpool spool{path_};
  ASSERT_TRUE(spool.open());
  const std::string bytes(protocol::kResultBytesMax, 'x');
  for (std::uint64_t counter = 1; counter <= 200; ++counter) {
    ASSERT_TRUE(spool.put(report(counter), bytes));
  }
  EXPECT_EQ(load(spool, {3, 1}).result(), bytes);
  fs::remove(path_ + "/a3.1");  // it was read from there: only the newest are in memory
  EXPECT_FALSE(spool.load({3, 1}));
  EXPECT_EQ(spool.size(), 199U);
  fs::remove(path_ + "/a3.200");
  EXPECT_EQ(load(spool, {3, 200}).result(), bytes);
}

TEST_F(ResultSpoolTest, ServesFromMemoryWhatTheDiskDidNotTake) {
  ResultSpool spool{path_};
  ASSERT_TRUE(spool.open());
  fs::remove_all(path_);
  EXPECT_FALSE(spool.put(report(1), "bytes"));
  EXPECT_EQ(load(spool, {3, 1}).result(), "bytes");
}

TEST_F(ResultSpoolTest, TurnsAResultWhoseOutputsAreLostIntoAFailure) {
  ResultSpool spool{path_};
  ASSERT_TRUE(spool.open());
  auto lost = report(1);
  lost.failure = protocol::FailureClass::kNone;
  lost.outputs = {{"out.csv", kDigest, 3}};
  ASSERT_TRUE(spool.put(lost, "bytes"));
  spool.change_to_failure({3, 1}, protocol::FailureClass::kAgentError, "outputs: gone");
  const auto changed = wire::from_wire(load(spool, {3, 1}));
  EXPECT_EQ(changed->failure, protocol::FailureClass::kAgentError);
  EXPECT_EQ(changed->message, "outputs: gone");
  EXPECT_TRUE(changed->outputs.empty());
  EXPECT_TRUE(spool.outputs_of({3, 1}).empty());
}

}  // namespace
}  // namespace hearth::node_agent
