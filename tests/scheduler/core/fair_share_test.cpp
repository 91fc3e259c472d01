// Tenants share the fleet by their weights: the accounts, and a scheduler whose nodes work them
// off.
#include "scheduler/core/fair_share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

const TenantId kBank{"bank"};
const TenantId kFilm{"film"};

ShareConfig weights(double bank, double film) {
  ShareConfig config;
  config.tenants[kBank].weight = bank;
  config.tenants[kFilm].weight = film;
  return config;
}

TEST(FairShare, StandsAtWhatItHasAndHadPerWeight) {
  FairShare shares{weights(2, 1)};
  const auto bank = shares.index_of(kBank);
  EXPECT_EQ(shares.index_of(kBank), bank);
  EXPECT_EQ(shares.standing(bank, TimePoint{}), 0);
  shares.take(bank, 8, TimePoint{});
  EXPECT_EQ(shares.standing(bank, TimePoint{}), 4) << "eight cores now, none on average, weight 2";
  const auto after = TimePoint{} + shares.config().half_life;
  EXPECT_EQ(shares.standing(bank, after), 6) << "half of the average is there";
  shares.give_back(bank, 8, after);
  EXPECT_EQ(shares.standing(bank, after), 2);
  EXPECT_EQ(shares.standing(bank, after + shares.config().half_life), 1);
}

TEST(FairShare, ForgetsInSmallStepsAsInOne) {
  FairShare one{ShareConfig{}};
  FairShare many{ShareConfig{}};
  for (auto* shares : {&one, &many}) shares->take(shares->index_of(kBank), 5, TimePoint{});
  for (int minute = 0; minute < 600; ++minute) {
    many.take(0, 0, TimePoint{} + minutes{minute});
  }
  const auto end = TimePoint{} + hours{10};
  EXPECT_NEAR(one.average_cores(0, end), many.average_cores(0, end), 1e-9);
}

// Nodes without a room that run what they are given for as long as it takes.
class Fleet {
 public:
  static constexpr int kCores = 4;

  Fleet(const ShareConfig& share, int nodes) {
    DurableState state;
    state.store_id = "test";
    state.epoch = 1;
    SchedulerConfig config;
    config.share = share;
    config.heat.prediction = false;
    config.silent_after = config.lost_after = hours{1000};
    scheduler = std::make_unique<Scheduler>(config, state);
    for (int i = 1; i <= nodes; ++i) join(i);
  }

  JobId submit(const TenantId& tenant, std::uint64_t tasks, Duration each, int cores = 1) {
    SubmitRequested event;
    event.call = ++calls_;
    event.request = {tenant, "r" + std::to_string(calls_)};
    event.spec.tenant = tenant;
    event.spec.command = {"true"};
    event.spec.task_count = tasks;
    event.spec.resources.cores = cores;
    event.spec.expected_run_time = each;
    apply(event);
    if (!last_reply || !*last_reply) return {};
    run_times_[(*last_reply)->job] = each;
    return (*last_reply)->job;
  }

  void run(
      Duration time, const std::function<void()>& each_step = [] {}) {
    for (const auto end = now + time; now < end;) {
      now += seconds{1};
      while (!ends_.empty() && ends_.begin()->first <= now) {
        const auto [session, report] = ends_.begin()->second;
        ends_.erase(ends_.begin());
        apply(AgentSaid{session, protocol::TaskResult{report}});
      }
      apply(TimePassed{});
      each_step();
    }
  }

  [[nodiscard]] TenantView tenant(const TenantId& id) const {
    for (const auto& view : scheduler->tenants()) {
      if (view.tenant == id) return view;
    }
    return {};
  }
  [[nodiscard]] int cores(const TenantId& id) const { return tenant(id).cores; }

  void apply(const Event& event) {
    take(scheduler->apply(event, now));
    take(scheduler->apply(CommitDurable{scheduler->last_seq()}, now));
    while (scheduler->next_deadline() && *scheduler->next_deadline() <= now) {
      take(scheduler->apply(TimePassed{}, now));
    }
  }

  std::unique_ptr<Scheduler> scheduler;
  TimePoint now{};
  std::optional<Result<JobReply>> last_reply;
  int stops = 0;

 private:
  void join(int session) {
    protocol::Hello hello;
    hello.installation_id = "i" + std::to_string(session);
    hello.session_counter = 1;
    hello.facts.node = NodeId{"n" + std::to_string(session)};
    hello.facts.zone = ZoneId{"z" + std::to_string(session)};
    hello.facts.kind = protocol::NodeKind::kNone;
    hello.facts.idle = 40_W;
    hello.facts.max = 440_W;
    hello.facts.cores = kCores;
    hello.facts.memory_bytes = std::uint64_t{1} << 40;
    const SessionId id{static_cast<std::uint64_t>(session)};
    apply(AgentSaid{id, hello});
    apply(AgentSaid{id, protocol::HelloEnd{}});
  }

  void take(const std::vector<Command>& commands) {
    for (const auto& command : commands) {
      if (const auto* reply = std::get_if<Reply>(&command)) last_reply = reply->result;
      const auto* sent = std::get_if<Send>(&command);
      if (sent == nullptr) continue;
      stops += std::holds_alternative<protocol::StopAttempt>(sent->message);
      const auto* start = std::get_if<protocol::StartAttempt>(&sent->message);
      if (start == nullptr) continue;
      protocol::AttemptReport report;
      report.attempt = start->attempt;
      report.task = start->task;
      report.nominal_run_time =
          run_times_.contains(start->task.job) ? run_times_[start->task.job] : Duration{minutes{5}};
      ends_.emplace(now + report.nominal_run_time, std::pair{sent->session, report});
    }
  }

  CallId calls_ = 0;
  std::map<JobId, Duration> run_times_;
  std::multimap<TimePoint, std::pair<SessionId, protocol::AttemptReport>> ends_;
};

TEST(Tenants, WithWorkShareByTheirWeights) {
  Fleet fleet(weights(1, 3), 10);
  fleet.submit(kBank, 100'000, minutes{5});
  fleet.submit(kFilm, 100'000, minutes{7});
  fleet.run(minutes{20});
  double bank = 0;
  double film = 0;
  fleet.run(hours{6}, [&] {
    bank += fleet.cores(kBank);
    film += fleet.cores(kFilm);
  });
  EXPECT_NEAR(bank / (bank + film), 0.25, 0.02);
  EXPECT_GT(bank + film, 0.98 * 40 * 6 * 3600) << "nothing idles for it";
  EXPECT_EQ(fleet.stops, 0);
  EXPECT_EQ(fleet.tenant(kFilm).entitled_share, 0.75);
}

TEST(Tenants, LendWhatTheyDoNotUseAndHaveItBackAsItBecomesFree) {
  Fleet fleet(weights(1, 1), 10);
  fleet.submit(kBank, 100'000, minutes{5});
  fleet.run(hours{2});
  EXPECT_EQ(fleet.cores(kBank), 40) << "film lends its half";
  fleet.submit(kFilm, 4'000, minutes{5});
  fleet.run(minutes{6});
  EXPECT_GE(fleet.cores(kFilm), 20) << "each core that became free";
  EXPECT_EQ(fleet.stops, 0) << "nothing that runs is stopped for it";
  // Until the averages have met, and then half each: no swinging to and fro.
  fleet.run(hours{4});
  int least = 40;
  int most = 0;
  fleet.run(hours{1}, [&] {
    least = std::min(least, fleet.cores(kFilm));
    most = std::max(most, fleet.cores(kFilm));
  });
  EXPECT_GE(least, 18);
  EXPECT_LE(most, 22);
  fleet.run(hours{40});
  EXPECT_EQ(fleet.cores(kBank), 40) << "film has no more work";
}

TEST(Tenants, HaveNoMoreCoresThanTheirQuotaAndHoldNobodyUp) {
  auto share = weights(1, 1);
  share.tenants[kFilm].cores_max = 6;
  Fleet fleet(share, 4);
  const auto job = fleet.submit(kFilm, 1000, minutes{5});
  int most = 0;
  fleet.run(minutes{30}, [&] { most = std::max(most, fleet.cores(kFilm)); });
  EXPECT_EQ(most, 6) << "though nobody else has work";
  EXPECT_TRUE(fleet.tenant(kFilm).at_quota);
  EXPECT_THAT(fleet.scheduler->explain_task({job, 999})->summary,
              AllOf(HasSubstr("tenant film"), HasSubstr("6 of the 6 cores")));
  fleet.submit(kBank, 1000, minutes{5});
  fleet.run(minutes{6});
  EXPECT_EQ(fleet.cores(kBank), 10);
  EXPECT_FALSE(fleet.submit(kFilm, 1, minutes{1}, 7).value);
  EXPECT_THAT(fleet.last_reply->error().message, HasSubstr("cores: 7"));
}

TEST(Tenants, WhoHadLessGoesFirstAndSaysSo) {
  Fleet fleet(weights(1, 1), 1);
  const auto bank = fleet.submit(kBank, 100, minutes{5});
  fleet.run(minutes{1});
  fleet.submit(kFilm, 100, minutes{5});
  EXPECT_THAT(fleet.scheduler->explain_task({bank, 99})->summary,
              AllOf(HasSubstr("less of their share go first: film"), HasSubstr("bank stands at")));
}

TEST(Tenants, AreRefusedMoreThanTheirQuotaOfJobsAndTasks) {
  auto share = weights(1, 1);
  share.tenants[kFilm].jobs_max = 2;
  share.others.tasks_max = 10;
  Fleet fleet(share, 1);
  EXPECT_TRUE(fleet.submit(kFilm, 500, minutes{5}).value);
  EXPECT_TRUE(fleet.submit(kFilm, 1, minutes{5}).value);
  EXPECT_FALSE(fleet.submit(kFilm, 1, minutes{5}).value);
  EXPECT_EQ(fleet.last_reply->error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(fleet.last_reply->error().message, AllOf(HasSubstr("3 jobs"), HasSubstr("is 2")));
  const TenantId other{"other"};
  EXPECT_TRUE(fleet.submit(other, 9, minutes{1}).value);
  EXPECT_FALSE(fleet.submit(other, 2, minutes{1}).value);
  EXPECT_THAT(fleet.last_reply->error().message, HasSubstr("11 tasks"));
  fleet.run(hours{12});
  EXPECT_TRUE(fleet.submit(other, 10, minutes{1}).value) << "those have ended";
}

TEST(Tenants, AveragesOutliveARestartAndFadeMeanwhile) {
  Fleet before(weights(1, 1), 2);
  before.submit(kBank, 1000, minutes{5});
  before.run(hours{5});
  const auto kept = before.scheduler->tenant_shares();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].tenant, kBank);
  EXPECT_NEAR(kept[0].average_cores, 8 * (1 - std::exp2(-5.0 / 24)), 0.05);

  Fleet after(weights(1, 1), 1);
  const auto begun = kept[0].at + hours{24};
  after.apply(WallClockRead{begun});
  TelemetryRestored restored;
  const double nan = std::nan("");
  restored.shares = {kept[0], {kFilm, nan, begun}, {TenantId{"x"}, -3, begun}};
  after.apply(restored);
  EXPECT_NEAR(after.tenant(kBank).average_cores, kept[0].average_cores / 2, 0.001);
  EXPECT_EQ(after.tenant(kFilm).average_cores, 0);
  EXPECT_EQ(after.scheduler->tenant_shares().size(), 1U);
}

}  // namespace
}  // namespace hearth::scheduler
