#include "wire/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "complete.h"
#include "hearth/fleet/v1/fleet.pb.h"
#include "samples.h"

namespace hearth::wire {
namespace {

using testing::IsEmpty;

TEST(SetpointWire, EveryFieldTravels) {
  fleet::v1::Setpoint wire;
  to_wire(samples::setpoint(), &wire);
  EXPECT_EQ(from_wire(wire), samples::setpoint());
}

TEST(SetpointWire, RequestsNeedNeitherRevisionNorOrigin) {
  fleet::v1::Setpoint wire;
  wire.set_mode(fleet::v1::SETPOINT_MODE_OFF);
  const auto setpoint = from_wire(wire);
  ASSERT_TRUE(setpoint) << setpoint.error().message;
  EXPECT_EQ(setpoint->mode, protocol::SetpointMode::kOff);
  EXPECT_EQ(setpoint->revision, protocol::SetpointRevision{});
}

struct BadSetpoint {
  const char* name;
  void (*spoil)(fleet::v1::Setpoint&);
  const char* problem;
};

class BadSetpointTest : public testing::TestWithParam<BadSetpoint> {};

TEST_P(BadSetpointTest, IsRefusedByFieldAndValue) {
  fleet::v1::Setpoint wire;
  wire.set_mode(fleet::v1::SETPOINT_MODE_CONSTANT);
  wire.set_setpoint_c(20);
  GetParam().spoil(wire);
  const auto setpoint = from_wire(wire);
  ASSERT_FALSE(setpoint);
  EXPECT_EQ(setpoint.error(), (Error{ErrorCode::kInvalidArgument, GetParam().problem}));
}

using Wire = fleet::v1::Setpoint;
INSTANTIATE_TEST_SUITE_P(
    Cases, BadSetpointTest,
    testing::Values(
        BadSetpoint{"no_mode", [](Wire& w) { w.clear_mode(); }, "setpoint.mode: unknown value 0"},
        BadSetpoint{"not_a_number", [](Wire& w) { w.set_setpoint_c(std::nan("")); },
                    "setpoint.setpoint_c: not a finite number: nan"},
        BadSetpoint{"too_hot", [](Wire& w) { w.set_setpoint_c(31); },
                    "setpoint.setpoint_c: not in 5..30 degC: 31.000000"},
        BadSetpoint{"origin",
                    [](Wire& w) { w.set_origin(static_cast<fleet::v1::SetpointOrigin>(7)); },
                    "setpoint.origin: unknown value 7"},
        BadSetpoint{"gap",
                    [](Wire& w) {
                      w.set_mode(fleet::v1::SETPOINT_MODE_PROGRAMME);
                      w.add_programme()->set_minute_of_week(60);
                      w.mutable_programme(0)->set_setpoint_c(20);
                    },
                    "setpoint.programme: does not begin at Monday 00:00 (minute 0), so it has a "
                    "gap"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(LedgerWire, EveryFieldTravels) {
  const auto ledger = samples::telemetry().energy;
  fleet::v1::EnergyLedger wire;
  to_wire(ledger, &wire);
  EXPECT_THAT(unset_fields(wire), IsEmpty());
  EXPECT_EQ(from_wire(wire), ledger);
}

TEST(ReadingWire, RefusesWhatIsNoNumber) {
  fleet::v1::Reading wire;
  wire.set_value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(from_wire(wire).error().message, "value: not a finite number: inf");
}

TEST(ReadingWire, WithoutQualityItIsMissing) {
  EXPECT_EQ(from_wire(fleet::v1::Reading{}), protocol::Reading{});
}

TEST(EnumsWire, NodeKindsAreNamedAlike) {
  for (int i = 0; i <= static_cast<int>(protocol::NodeKind::kBoiler); ++i) {
    const auto kind = static_cast<protocol::NodeKind>(i);
    EXPECT_EQ(from_wire(to_wire(kind)), kind);
    EXPECT_EQ(fleet::v1::NodeKind_Name(to_wire(kind)), "NODE_KIND_" + std::string(to_string(kind)));
  }
  EXPECT_FALSE(from_wire(fleet::v1::NODE_KIND_UNSPECIFIED));
}

TEST(EnumsWire, SetpointModesOriginsAndQualitiesAreNamedAlike) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(fleet::v1::SetpointMode_Name(i + 1),
              "SETPOINT_MODE_" + std::string(to_string(static_cast<protocol::SetpointMode>(i))));
    EXPECT_EQ(
        fleet::v1::SetpointOrigin_Name(i + 1),
        "SETPOINT_ORIGIN_" + std::string(to_string(static_cast<protocol::SetpointOrigin>(i))));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(fleet::v1::Quality_Name(i + 1),
              "QUALITY_" + std::string(to_string(static_cast<protocol::Quality>(i))));
  }
}

}  // namespace
}  // namespace hearth::wire
