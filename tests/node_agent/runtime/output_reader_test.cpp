#include "node_agent/runtime/output_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.h"

namespace hearth::node_agent {
namespace {

namespace fs = std::filesystem;
using protocol::FailureClass;
using protocol::OutputStream;

constexpr AttemptId kAttempt{3, 41};

class OutputReaderTest : public testing::Test {
 protected:
  OutputReaderTest() { fs::create_directory(paths_.directory); }

  void print(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
  }
  void ask(std::uint64_t request, std::uint64_t offset, Duration wait = {},
           OutputStream stream = OutputStream::kStdout, std::size_t bytes_max = 64 * 1024) {
    reader_.ask({request, kAttempt, stream, offset, tail_bytes_, bytes_max, wait});
  }
  // Until so many answers have come; none of them takes as long as the patience.
  void await(std::size_t count) {
    io_.restart();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (answers_.size() < count && std::chrono::steady_clock::now() < end) {
      io_.run_one_for(std::chrono::seconds{1});
    }
    ASSERT_EQ(answers_.size(), count);
  }

  TemporaryDirectory directory_;
  runner::TaskPaths paths_{directory_.path() + "/task"};
  boost::asio::io_context io_;
  std::vector<protocol::OutputRead> answers_;
  std::optional<std::uint64_t> tail_bytes_;
  OutputReader reader_{io_, [this](AttemptId) { return paths_.directory; },
                       [this](const protocol::OutputRead& read) { answers_.push_back(read); }};
};

TEST_F(OutputReaderTest, AnswersAtOnceWithWhatIsThere) {
  ask(1, 0);
  print(paths_.standard_output, "one two");
  print(paths_.standard_error, std::string("\xff\0", 2));
  ask(2, 0);
  ask(3, 4, {}, OutputStream::kStdout, 2);
  ask(4, 0, {}, OutputStream::kStderr);
  ask(5, 99);
  tail_bytes_ = 3;
  ask(6, 0);
  ASSERT_EQ(answers_.size(), 6u);
  EXPECT_EQ(answers_[0], (protocol::OutputRead{1, 0, "", 0, false, false}));
  EXPECT_EQ(answers_[1], (protocol::OutputRead{2, 0, "one two", 7, false, false}));
  EXPECT_EQ(answers_[2], (protocol::OutputRead{3, 4, "tw", 7, false, false}));
  EXPECT_EQ(answers_[3], (protocol::OutputRead{4, 0, std::string("\xff\0", 2), 2, false, false}));
  EXPECT_EQ(answers_[4], (protocol::OutputRead{5, 7, "", 7, false, false}));
  EXPECT_EQ(answers_[5], (protocol::OutputRead{6, 4, "two", 7, false, false}));
}

TEST_F(OutputReaderTest, AnAttemptThatIsNotHereIsUnknown) {
  fs::remove(paths_.directory);
  ask(1, 0, std::chrono::seconds{10});
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].unknown);
}

TEST_F(OutputReaderTest, WaitsForTheFirstByteAndForTheNext) {
  ask(1, 0, std::chrono::minutes{1});
  EXPECT_TRUE(answers_.empty());
  print(paths_.standard_output, "first");
  await(1);
  EXPECT_EQ(answers_[0].data, "first");
  ask(2, 5, std::chrono::minutes{1});
  EXPECT_EQ(answers_.size(), 1u);
  print(paths_.standard_output, "second");
  await(2);
  EXPECT_EQ(answers_[1], (protocol::OutputRead{2, 5, "second", 11, false, false}));
}

TEST_F(OutputReaderTest, AWaitThatIsOverIsAnsweredEmpty) {
  ask(1, 0, Duration{150});
  await(1);
  EXPECT_EQ(answers_[0], (protocol::OutputRead{1, 0, "", 0, false, false}));
}

// Half of what it printed was not read yet when the attempt ended and its directory went.
TEST_F(OutputReaderTest, TheEndIsReadAlthoughTheDirectoryIsGone) {
  print(paths_.standard_output, "begin,");
  ask(1, 0, std::chrono::minutes{1});
  ask(2, 0, std::chrono::minutes{1}, OutputStream::kStderr);
  print(paths_.standard_output, "middle,end");
  print(paths_.standard_error, "trace");
  reader_.on_ended(kAttempt);
  fs::remove_all(paths_.directory);
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(answers_[0].data, "begin,");
  EXPECT_EQ(answers_[1], (protocol::OutputRead{2, 0, "trace", 5, true, false}));
  ask(3, 6, std::chrono::minutes{1}, OutputStream::kStdout, 7);
  ask(4, 13, std::chrono::minutes{1});
  ask(5, 16, std::chrono::minutes{1});
  ASSERT_EQ(answers_.size(), 5u);
  EXPECT_EQ(answers_[2], (protocol::OutputRead{3, 6, "middle,", 16, false, false}));
  EXPECT_EQ(answers_[3], (protocol::OutputRead{4, 13, "end", 16, true, false}));
  EXPECT_EQ(answers_[4], (protocol::OutputRead{5, 16, "", 16, true, false}));
}

TEST_F(OutputReaderTest, TheOldestQuestionIsAnsweredEarlyBeyondTheBound) {
  for (std::uint64_t i = 1; i <= 70; ++i) ask(i, 0, std::chrono::minutes{1});
  EXPECT_EQ(reader_.waiting(), 64u);
  ASSERT_EQ(answers_.size(), 6u);
  EXPECT_EQ(answers_[5].request, 6u);
  reader_.drop_questions();
  EXPECT_EQ(reader_.waiting(), 0u);
}

TEST_F(OutputReaderTest, TailsAreLongerWhereTheAttemptFailed) {
  print(paths_.standard_output, std::string(3000, 'a') + "end");
  const OutputTailLimits limits{2000, 100};
  const auto failed = read_tails(paths_, FailureClass::kUserError, limits);
  EXPECT_EQ(failed.standard_output.size_bytes, 3003u);
  EXPECT_EQ(failed.standard_output.data, std::string(1997, 'a') + "end");
  EXPECT_EQ(failed.standard_error, protocol::OutputTail{});
  EXPECT_EQ(read_tails(paths_, FailureClass::kNone, limits).bytes(), 100u);
  EXPECT_EQ(read_tails(paths_, FailureClass::kHeat, limits).bytes(), 100u);
  EXPECT_EQ(read_tails(paths_, FailureClass::kTimeLimit, limits).bytes(), 2000u);
  EXPECT_TRUE(read_tails(paths_, FailureClass::kNone, {2000, 0}).empty());
}

// A task's own uid may have put something else there: nothing but regular files is read.
TEST_F(OutputReaderTest, NothingButARegularFileIsRead) {
  print(directory_.path() + "/secret", "secret");
  fs::create_symlink(directory_.path() + "/secret", paths_.standard_output);
  EXPECT_TRUE(read_tails(paths_, FailureClass::kUserError, {}).empty());
  ask(1, 0);
  EXPECT_EQ(answers_.at(0).size_bytes, 0u);
}

}  // namespace
}  // namespace hearth::node_agent
