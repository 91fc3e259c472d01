// Everything that can happen to an agent. Facts, in the past tense.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/stream.h"

namespace hearth::node_agent {

// The site's civil clock, read at least once a minute while the agent runs.
struct WallClockRead {
  UtcTime utc;
  int minute_of_week = 0;  // civil time of the site, 0 = Monday 00:00
};

// The thermometers of a tank.
struct TankLayers {
  protocol::Reading top;
  protocol::Reading middle;
  protocol::Reading bottom;  // near the return of the computers' loop
};

// One pass over the node's sensors; the adapter marks what it could not read or trust.
struct SensorsRead {
  protocol::Reading air_temperature_c;
  protocol::Reading power_w;  // electric power of the whole node, averaged since the last pass
  protocol::Reading cpu_temperature_c;
  protocol::Reading case_temperature_c;
  std::optional<Joules> meter;  // the node's cumulative energy counter, since `boot_id`
  Joules filler;                // of it, used by filler and by resistance, both cumulative
  Joules resistance;
  protocol::Reading outdoor_temperature_c;  // for the feed-forward; usually missing
  std::optional<TankLayers> tank;           // of a BOILER with a tank
};

// ---- the stream to the scheduler

// A stream is open and the scheduler said Welcome; the core answers with Hello ... HelloEnd.
struct StreamOpened {
  std::uint64_t epoch = 0;
  std::uint64_t session_counter = 0;
};

struct StreamClosed {};

struct SchedulerSaid {
  std::uint64_t epoch = 0;
  protocol::SchedulerMessage message;
};

// ---- runners (they outlive the agent)

// At start: what the runners were found to hold from before, and the results on disk.
struct RunnersFound {
  struct Running {
    AttemptId attempt;
    TaskId task;
    protocol::JobSpec spec;  // without secrets: they are on no disk
    bool started = true;
  };
  std::vector<Running> running;
  std::vector<protocol::HeldAttempt> spooled;  // ended, result on disk, not acknowledged
};

struct InputsReady {
  AttemptId attempt;
};

struct InputsFailed {
  AttemptId attempt;
  protocol::FailureClass failure;  // kInputMissing or kAgentError
  std::string message;
};

struct AttemptStarted {
  AttemptId attempt;
};

// The runner's task ended by itself or by our order; the adapter has the result bytes and outputs.
struct AttemptEnded {
  protocol::AttemptReport report;  // energy still zero: the core attributes it
};

// CPU time used so far by each running attempt, read once per sensor pass just before it.
struct CpuTimeRead {
  struct Item {
    AttemptId attempt;
    double cpu_s = 0;
  };
  std::vector<Item> items;
};

// ---- people

// `hearth-agent set ...`: off, a temperature, or boost (a temperature for a while).
struct LocalSetpointChosen {
  protocol::Setpoint setpoint;  // its revision is ignored: the core gives the next one
  std::optional<Duration> boost_for;
};

// `hearth-agent set holiday ...` and, with nothing, `hearth-agent set home`.
struct LocalHolidayChosen {
  std::optional<protocol::Holiday> holiday;
};

// `hearth-agent reset`: clears a latched trip.
struct TripReset {};

// Nothing happened but time went by; the caller honoured next_deadline().
struct TimePassed {};

using Event =
    std::variant<WallClockRead, SensorsRead, StreamOpened, StreamClosed, SchedulerSaid,
                 RunnersFound, InputsReady, InputsFailed, AttemptStarted, AttemptEnded, CpuTimeRead,
                 LocalSetpointChosen, LocalHolidayChosen, TripReset, TimePassed>;

}  // namespace hearth::node_agent
