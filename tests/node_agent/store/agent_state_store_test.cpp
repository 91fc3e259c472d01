#include "node_agent/store/agent_state_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.h"

namespace hearth::node_agent {
namespace {

protocol::Setpoint local_off() {
  protocol::Setpoint setpoint;
  setpoint.mode = protocol::SetpointMode::kOff;
  setpoint.revision = {7, protocol::SetpointOrigin::kLocal};
  return setpoint;
}

protocol::Setpoint programme() {
  protocol::Setpoint setpoint;
  setpoint.mode = protocol::SetpointMode::kProgramme;
  setpoint.programme = {{0, Celsius{17}}, {360, Celsius{20.5}}};
  setpoint.revision = {8, protocol::SetpointOrigin::kApi};
  setpoint.holiday = protocol::Holiday{Celsius{11.5}, UtcTime{std::chrono::hours{1}},
                                       UtcTime{std::chrono::hours{99}}};
  return setpoint;
}

TEST(AgentStateStore, KeepsWhatItWasToldAcrossRestarts) {
  const TemporaryDirectory directory;
  std::string installation;
  std::string boot;
  {
    const auto store = AgentStateStore::open(directory.path());
    ASSERT_TRUE(store) << store.error().message;
    installation = (*store)->state().installation_id;
    boot = (*store)->state().boot_id;
    EXPECT_EQ(installation.size(), 32U);
    EXPECT_FALSE((*store)->state().setpoint);
    EXPECT_EQ(*(*store)->next_session_counter(), 1U);
    EXPECT_EQ(*(*store)->next_session_counter(), 2U);
    EXPECT_TRUE((*store)->store_setpoint(local_off()));
    EXPECT_TRUE((*store)->store_epoch(41));
  }
  const auto again = AgentStateStore::open(directory.path());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->state().installation_id, installation);
  EXPECT_NE((*again)->state().boot_id, boot);
  EXPECT_EQ((*again)->state().setpoint, local_off());
  EXPECT_EQ((*again)->state().highest_epoch, 41U);
  EXPECT_EQ(*(*again)->next_session_counter(), 3U);
}

TEST(AgentStateStore, KeepsProgrammesAndHolidays) {
  const TemporaryDirectory directory;
  {
    const auto store = AgentStateStore::open(directory.path());
    ASSERT_TRUE(store && (*store)->store_setpoint(programme()));
  }
  const auto again = AgentStateStore::open(directory.path());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->state().setpoint, programme());
}

TEST(AgentStateStore, KeepsThePlanAndDoesWithoutADamagedOne) {
  const TemporaryDirectory directory;
  const protocol::ZonePlan plan{UtcTime{std::chrono::hours{1}},
                                {{Celsius{20}, Celsius{-5}, Watts{300}}},
                                protocol::ZoneModel{1e6, 2e7, 0.003, 0.05, 0.02, 1, 1}};
  {
    const auto store = AgentStateStore::open(directory.path());
    ASSERT_TRUE(store && (*store)->store_plan(plan));
  }
  {
    const auto again = AgentStateStore::open(directory.path());
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->state().plan, plan);
  }
  std::ofstream(directory.path() + "/plan.pb") << "nonsense";
  const auto without = AgentStateStore::open(directory.path());
  ASSERT_TRUE(without);
  EXPECT_EQ((*without)->state().plan, std::nullopt);
}

TEST(AgentStateStore, KeepsWhatItsTankTaughtAndDoesWithoutADamagedFile) {
  const TemporaryDirectory directory;
  thermal::LearnedDraws draws;
  draws.half_hours = 333;
  draws.draws[14] = {2.5e6, 1e12 / 3, 5};
  draws.draws[95] = {1.5e5, 2e10, 2};
  {
    const auto store = AgentStateStore::open(directory.path());
    ASSERT_TRUE(store && (*store)->store_draws(draws));
  }
  {
    const auto again = AgentStateStore::open(directory.path());
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->state().draws, draws);
  }
  for (const char* damage :
       {"", "nonsense", "[]", R"({"half_hours":3,"draws":[[1,2,3]]})", R"({"half_hours":"x"})"}) {
    std::ofstream(directory.path() + "/draws.json") << damage;
    const auto without = AgentStateStore::open(directory.path());
    ASSERT_TRUE(without);
    EXPECT_EQ((*without)->state().draws, std::nullopt) << damage;
  }
}

TEST(AgentStateStore, KeepsWhatASensorNearTheCaseTaughtAndDoesWithoutADamagedFile) {
  const TemporaryDirectory directory;
  const thermal::CaseBias bias{51'234.5678, 4321.0 / 3, 7};
  {
    const auto store = AgentStateStore::open(directory.path());
    ASSERT_TRUE(store && (*store)->store_near_case(bias));
  }
  {
    const auto again = AgentStateStore::open(directory.path());
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->state().near_case, bias);
  }
  for (const char* damage : {
           "",
           "nonsense",
           "[]",
           R"({"matrix":1,"right":1})",
           R"({"matrix":"x","right":1,"stops":1})",
           R"({"matrix":-1,"right":1,"stops":1})",
           R"({"matrix":1e999,"right":1,"stops":1})",
           R"({"matrix":1,"right":null,"stops":1})",
           R"({"matrix":1,"right":1,"stops":-1})",
       }) {
    std::ofstream(directory.path() + "/near_case.json") << damage;
    const auto without = AgentStateStore::open(directory.path());
    ASSERT_TRUE(without);
    EXPECT_EQ((*without)->state().near_case, std::nullopt) << damage;
  }
}

TEST(AgentStateStore, RefusesASecondAgent) {
  const TemporaryDirectory directory;
  const auto first = AgentStateStore::open(directory.path());
  ASSERT_TRUE(first);
  const auto second = AgentStateStore::open(directory.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(second.error().message,
            directory.path() +
                ": another hearth-agent is running with this state directory "
                "(process " +
                std::to_string(::getpid()) + ")");
}

TEST(AgentStateStore, SetsADamagedFileAsideAndBeginsAnew) {
  for (const char* damage : {"", "{\"installation_id\":\"x", "[]", "{\"installation_id\":7}",
                             "{\"installation_id\":\"x\",\"session_counter\":1,"
                             "\"highest_epoch\":1,\"setpoint\":{\"mode\":\"WARM\"}}"}) {
    const TemporaryDirectory directory;
    std::ofstream{directory.path() + "/agent.json"} << damage;
    const auto store = AgentStateStore::open(directory.path());
    ASSERT_TRUE(store) << damage;
    EXPECT_EQ((*store)->state().installation_id.size(), 32U) << damage;
    EXPECT_EQ(*(*store)->next_session_counter(), 1U) << damage;
    EXPECT_TRUE(std::filesystem::exists(directory.path() + "/agent.json.bad")) << damage;
  }
}

TEST(AgentStateStore, SaysWhyADirectoryCannotBeHad) {
  const auto store = AgentStateStore::open("/proc/nowhere");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(store.error().message.find("/proc/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace hearth::node_agent
