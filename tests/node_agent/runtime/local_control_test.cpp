#include "node_agent/runtime/local_control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "support/temporary_directory.h"

namespace hearth::node_agent {
namespace {

class LocalControlTest : public testing::Test {
 protected:
  std::unique_ptr<LocalControl> listen() {
    auto control = LocalControl::listen(io_, control_socket_path(directory_.path()),
                                        [this](const ControlRequest& request) {
                                          asked_.push_back(encode(request));
                                          return answer_;
                                        });
    EXPECT_TRUE(control) << control.error().message;
    return control ? std::move(*control) : nullptr;
  }

  // Runs the loop until the asking is over.
  template <class Ask>
  void while_serving(Ask ask) {
    std::jthread asking{[&] {
      ask();
      io_.stop();
    }};
    io_.restart();
    io_.run();
  }

  TemporaryDirectory directory_;
  boost::asio::io_context io_;
  std::vector<std::string> asked_;
  nlohmann::json answer_ = {{"ok", true}, {"mode", "OFF"}};
};

TEST_F(LocalControlTest, AnswersOnceItIsCarriedOut) {
  const auto control = listen();
  while_serving([&] {
    const auto answer = ask_agent(directory_.path(), ChooseOff{});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->at("mode"), "OFF");
  });
  EXPECT_EQ(asked_, (std::vector<std::string>{R"({"request":"off"})"}));
}

TEST_F(LocalControlTest, PassesRefusalsOn) {
  const auto control = listen();
  answer_ = refusal("the heater is locked");
  while_serving([&] {
    const auto answer = ask_agent(directory_.path(), ResetTrip{});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), (Error{ErrorCode::kFailedPrecondition, "the heater is locked"}));
  });
}

TEST_F(LocalControlTest, IsForItsOwnerOnlyAndGoesWithItsAgent) {
  const auto path = control_socket_path(directory_.path());
  {
    const auto control = listen();
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(LocalControlTest, TakesTheDeadAgentsPlace) {
  const auto path = control_socket_path(directory_.path());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  const auto control = listen();
  while_serving([&] { EXPECT_TRUE(ask_agent(directory_.path(), AskStatus{})); });
}

TEST_F(LocalControlTest, SaysThatNoAgentRuns) {
  const auto answer = ask_agent(directory_.path(), AskStatus{});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().message, "no hearth-agent is running with state directory " +
                                        directory_.path() + " (No such file or directory)");
}

TEST_F(LocalControlTest, RefusesAPathThatNoSocketCanHave) {
  const auto control = LocalControl::listen(io_, "/tmp/" + std::string(200, 'x'), {});
  ASSERT_FALSE(control);
  EXPECT_EQ(control.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace hearth::node_agent
