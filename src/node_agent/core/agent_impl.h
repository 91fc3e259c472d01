// The inside of Agent: its parts, and the steps that apply() takes in a fixed order.
//
// agent_events.cpp takes facts in; agent_reference.cpp and agent_heat.cpp decide about heat,
// agent_work.cpp about attempts, agent_session.cpp about the stream. Each step decides from state
// alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node_agent/core/agent.h"
#include "node_agent/core/air_sensor.h"
#include "node_agent/core/backup_heat.h"
#include "node_agent/core/boards.h"
#include "node_agent/core/control_law.h"
#include "node_agent/core/emitted_heat.h"
#include "node_agent/core/energy_book.h"
#include "node_agent/core/hygiene.h"
#include "node_agent/core/near_case.h"
#include "node_agent/core/patience.h"
#include "node_agent/core/protection.h"
#include "node_agent/core/quiet.h"
#include "node_agent/core/recovery.h"
#include "node_agent/core/rise_check.h"
#include "node_agent/core/setpoint_authority.h"
#include "node_agent/core/shedding.h"
#include "node_agent/core/tank_store.h"
#include "node_agent/core/window.h"
#include "node_agent/core/work.h"

namespace hearth::node_agent {

struct Agent::Impl {
  Impl(AgentConfig configuration, AgentState state);

  std::vector<Command> apply(const Event& event, TimePoint time);
  std::optional<TimePoint> next_deadline() const;

  // ---- facts taken in (agent_events.cpp, agent_session.cpp)
  void update(const WallClockRead& event);
  void update(const SensorsRead& event);
  void update(const StreamOpened& event);
  void update(const StreamClosed& event);
  void update(const SchedulerSaid& event);
  void update(const RunnersFound& event);
  void update(const InputsReady& event);
  void update(const InputsFailed& event);
  void update(const AttemptStarted& event);
  void update(const AttemptEnded& event);
  void update(const CpuTimeRead& event);
  void update(const LocalSetpointChosen& event);
  void update(const LocalHolidayChosen& event);
  void update(const TripReset& event);
  void update(const TimePassed& event);

  void said(const protocol::Welcome& message);
  void said(const protocol::JobDetails& message);
  void said(const protocol::StartAttempt& message);
  void said(const protocol::StopAttempt& message);
  void said(const protocol::ResultsAcknowledged& message);
  void said(const protocol::LimitsChanged& message);
  void said(const protocol::SetpointOrdered& message);
  void said(const protocol::PlanChanged& message);

  // ---- heat (agent_reference.cpp, agent_heat.cpp)
  void end_what_is_over();  // boost, limits
  void follow_reference();  // t_ref, and the reference for work
  void use_plan(const protocol::ZonePlan& new_plan);
  const protocol::PlanHour* plan_hour(Duration ahead) const;  // none: no plan covers it
  void find_outdoor();
  void look_ahead(Celsius setpoint);
  void judge_heat();  // what the heat side allows and wants now
  void judge_room(Watts most, bool was_controlling);
  std::optional<Celsius> zone_air() const;
  void power_boards();
  Watts resistance();
  Watts breaker() const;      // the most the node may draw, as the breaker goes
  Watts control(Watts high);  // P_req of the control law, stepped when due
  bool comfort_is_due() const;
  Watts safe_power() const;
  void heat_the_rest();  // filler, power cap

  // ---- a tank's heat (agent_tank.cpp)
  void sense_tank(const SensorsRead& event, Joules given);
  void watch_hygiene();
  Celsius lift_target() const;
  Duration lift_time(const TankStore::Layers& layers) const;
  void judge_tank(Watts most);
  bool stirs() const;
  bool lift_presses(const TankStore::Layers& layers) const;
  BackupHeat::Inputs tank_backup() const;
  void refresh_tank();

  // ---- work (agent_work.cpp)
  void return_waiting();
  void start_waiting();
  void shed_work();
  void set_speed(AttemptId attempt, StartedAttempt& started, int permille);
  void stop_halted();
  void give_up_frozen();
  [[nodiscard]] Duration closed_for(
      protocol::ServiceClass c) const;  // as the scheduler foresees it
  void see_use();                       // how much of their speed attempts use
  Loads loads() const;
  bool can_ever_run(TaskId task) const;
  void stop_started(AttemptId attempt, protocol::FailureClass failure, Duration grace);
  void finish(protocol::AttemptReport report);
  void leave(AttemptId attempt);  // without a result
  void give_back(const std::vector<AttemptId>& attempts);

  // ---- the stream (agent_session.cpp)
  void say_hello(std::uint64_t session_counter);
  void see_epoch(std::uint64_t epoch);
  void refuse_stream(std::uint64_t epoch);
  void announce_setpoint();
  void report_started();
  void report_telemetry();
  void report_now();
  void refresh_telemetry();
  bool telemetry_matters() const;

  void order(Command command) { commands.push_back(std::move(command)); }
  void send(protocol::AgentMessage message);

  AgentConfig config;
  std::string installation_id;
  PowerModel power;
  TimePoint now{};
  std::vector<Command> commands;

  // Heat.
  SetpointAuthority setpoints;
  std::optional<NearCase> near_case;
  AirSensor air_sensor;
  EmittedHeat emitted;
  WindowWatch window;
  RiseCheck rise_check;
  Protection protection;
  ControlLaw law;
  EnergyBook book;
  struct LimitsInForce {
    protocol::Limits limits;
    TimePoint end;
  };
  std::optional<LimitsInForce> limits;
  TimePoint limits_ended{};
  std::optional<protocol::ZonePlan> plan;
  protocol::Reading air_reading;
  protocol::Reading power_reading;
  std::optional<Celsius> outdoor_sensed;
  std::optional<Celsius> outdoor;  // as well as it is known
  Recovery recovery;
  TimePoint next_look{};             // at the programme's next step up
  std::optional<Celsius> looked_at;  // the setpoint then
  std::optional<Celsius> rising_to;  // full power until then
  bool rising_cold_walls = false;    // after a holiday
  std::optional<Celsius> lifted_to;  // the reference is at least this
  bool quiet = false;
  Celsius reference;       // t_ref in force
  Celsius work_reference;  // what classes and ceiling are measured from; never below `reference`
  std::optional<protocol::SetpointRevision> work_reference_of;
  HeatState heat;
  TimePoint next_control{};
  TimePoint last_control{};
  bool controlling = false;  // the control law decided at the last apply
  std::optional<Celsius> controlled_reference;
  std::optional<Watts> hold_power;  // mean of what was drawn, over some hours
  std::optional<Watts> cap_in_force;
  std::optional<Watts> filler_in_force;
  std::optional<Watts> resistance_in_force;
  Boards boards;
  BackupHeat backup;
  protocol::HeatBand class_band;  // of rooms, or of tanks
  std::optional<TankStore> tank;
  std::optional<Hygiene> hygiene;  // beside every tank
  bool tank_wants = false;         // heat, for what will be drawn
  bool tank_urgent = false;
  bool circulates = false;
  Duration start_delay{};  // after a power cut
  std::optional<TimePoint> starts_at;
  std::optional<TimePoint> off_since;
  Watts expected;  // electric power of the node under the speeds in force, without filler

  // Work.
  Work work;
  std::vector<AttemptId> started_unreported;
  std::optional<TimePoint> started_since;  // the oldest of them
  std::optional<TimePoint> given_up_at;    // the last frozen attempt
  std::optional<TimePoint> give_up_due;    // the next one, as things stand
  TimePoint sensed_at{};

  // The stream.
  bool connected = false;
  std::uint64_t highest_epoch = 0;
  TimePoint opened_at{};
  Duration report_period;
  TimePoint last_report{};
  protocol::Telemetry telemetry;
  protocol::Telemetry reported;

  struct Clock {
    UtcTime utc;
    TimePoint read_at;
  };
  std::optional<Clock> clock;
};

}  // namespace hearth::node_agent
