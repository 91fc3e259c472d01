#include "scheduler/trust/trust.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.h"
#include "tls/authority.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;

const UtcTime kNow = parse_utc_time("2026-01-10T12:00Z").value();
constexpr hours kDay{24};

class Trusting : public ::testing::Test {
 protected:
  void SetUp() override {
    write("ca.pem", root_.certificate);
    const auto issuer = tls::make_issuer(root_, "nodes", kNow - kDay, kNow + 300 * kDay).value();
    write("issuer.pem", issuer.certificate);
    write("issuer.key", issuer.key);
    open();
  }

  void open() {
    trust_.reset();
    auto opened = Trust::open(config_, kNow);
    ASSERT_TRUE(opened) << opened.error().message;
    trust_ = std::move(*opened);
  }

  std::string path(const std::string& name) const { return home_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) {
    std::ofstream{path(name)} << text;
  }

  static tls::Certificate certificate_of(const Issued& issued) {
    return tls::read_certificate(issued.certificate).value();
  }
  bool believed(const Issued& issued, UtcTime now) const {
    const auto facts = certificate_of(issued);
    return trust_->check(tls::identity_of(facts.uris).value(), facts, now).has_value();
  }
  Issued enrolled(const std::string& node, UtcTime now) {
    const auto token = trust_->create(node, hours{1}, "eve", now).value().token;
    return trust_->enrol(token, tls::make_request("x")->request, now).value();
  }

  TemporaryDirectory home_;
  const tls::KeyPair root_ = tls::make_authority("CA", kNow - kDay, kNow + 1000 * kDay).value();
  TrustConfig config_{path("trust.db"), path("issuer.pem"), path("issuer.key"),
                      path("ca.pem"),   30 * kDay,          180 * kDay};
  std::unique_ptr<Trust> trust_;
  const std::string request_ = tls::make_request("x")->request;
};

TEST_F(Trusting, ATokenCountsOnceAndItsRepetitionIsAnsweredTheSame) {
  const auto token = trust_->create("n1", hours{1}, "eve", kNow).value().token;
  const auto issued = trust_->enrol(token, request_, kNow + seconds{5}).value();
  EXPECT_EQ(certificate_of(issued).uris, std::vector<std::string>{"hearth://node/n1"});
  EXPECT_EQ(certificate_of(issued).not_after, kNow + seconds{5} + 30 * kDay);
  // The answer was lost; hearthd was started anew meanwhile.
  open();
  EXPECT_EQ(trust_->enrol(token, request_, kNow + seconds{9})->certificate, issued.certificate);
  const auto thief = trust_->enrol(token, tls::make_request("x")->request, kNow + seconds{10});
  ASSERT_FALSE(thief);
  EXPECT_EQ(thief.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(thief.error().message, HasSubstr("for node n1 was used already, at 2026-01-10"));
  EXPECT_EQ(trust_->enrolments()->front().serial, issued.serial);
  EXPECT_EQ(trust_->stats().refused, 1U);
}

TEST_F(Trusting, TokensExpireAndAreCancelled) {
  const auto late = trust_->create("n1", hours{1}, "eve", kNow).value();
  EXPECT_THAT(trust_->enrol(late.token, request_, kNow + hours{1}).error().message,
              HasSubstr("expired at 2026-01-10T13:00"));
  const auto other = trust_->create("n2", hours{1}, "eve", kNow).value();
  EXPECT_TRUE(trust_->cancel(short_id(other.enrolment)));
  EXPECT_EQ(trust_->enrol(other.token, request_, kNow).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(trust_->cancel("12345678").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(trust_->enrol(late.token, request_, kNow + seconds{1}));
  EXPECT_EQ(trust_->cancel(short_id(late.enrolment)).error().code, ErrorCode::kFailedPrecondition);
  // What ended long ago is forgotten when the next one is made.
  ASSERT_TRUE(trust_->create("n3", hours{1}, "eve", kNow + 100 * kDay));
  EXPECT_EQ(trust_->enrolments()->size(), 1U);
}

TEST_F(Trusting, ARevokedNodeMayComeBackWithANewToken) {
  const auto old = enrolled("n1", kNow);
  const auto other = enrolled("n2", kNow);
  const auto unused = trust_->create("n1", hours{1}, "eve", kNow).value().token;
  const auto later = kNow + std::chrono::milliseconds{1500};
  ASSERT_TRUE(trust_->revoke({.node = "n1"}, "eve", "stolen", later));
  EXPECT_FALSE(believed(old, later));
  EXPECT_TRUE(believed(other, later));
  EXPECT_EQ(trust_->enrol(unused, request_, later).error().code, ErrorCode::kNotFound);
  const auto fresh = enrolled("n1", later);
  EXPECT_TRUE(believed(fresh, later + seconds{1}));
  EXPECT_FALSE(believed(old, later + seconds{1}));
  open();
  EXPECT_FALSE(believed(old, later));
  EXPECT_EQ(trust_->reinstate({.node = "n3"}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(trust_->reinstate({.node = "n1"}));
  EXPECT_TRUE(believed(old, later));
  // By number it is about that one for ever.
  ASSERT_TRUE(trust_->revoke({.serial = fresh.serial}, "eve", "", kNow - kDay));
  EXPECT_FALSE(believed(fresh, later));
}

TEST_F(Trusting, WhoWasOffMayRenewLateWithTheSameKeyAlone) {
  const auto asked = tls::make_request("x").value();
  const auto token = trust_->create("n1", hours{1}, "eve", kNow).value().token;
  const auto old = trust_->enrol(token, asked.request, kNow).value();
  const auto late = kNow + 100 * kDay;
  EXPECT_FALSE(believed(old, late));
  const auto fresh = trust_->renew_late(old.certificate, asked.request, late);
  ASSERT_TRUE(fresh) << fresh.error().message;
  EXPECT_EQ(fresh->node, "n1");
  EXPECT_TRUE(believed(*fresh, late));
  const auto why = [&](const std::string& certificate, const std::string& request, UtcTime now) {
    const auto answer = trust_->renew_late(certificate, request, now);
    return answer ? "none" : answer.error().message;
  };
  EXPECT_THAT(why(old.certificate, request_, late), HasSubstr("not by the certificate's key"));
  EXPECT_THAT(why(old.certificate, asked.request, kNow + 211 * kDay), HasSubstr("too long ago"));
  EXPECT_THAT(why("nonsense", asked.request, late), HasSubstr("no certificate"));
  const auto foreign = tls::make_authority("Foreign", kNow - kDay, kNow + 900 * kDay).value();
  const auto forged =
      tls::sign(foreign, asked.request, {"n1", {}, "hearth://node/n1", kNow - kDay, kNow + kDay});
  EXPECT_THAT(why(forged.value(), asked.request, late), HasSubstr("not of the authorities"));
  ASSERT_TRUE(trust_->revoke({.node = "n1"}, "eve", "", kNow + kDay));
  EXPECT_THAT(why(old.certificate, asked.request, late), HasSubstr("was revoked at"));
}

TEST_F(Trusting, WithoutAnIssuerNobodyIsEnrolled) {
  config_.issuer_certificate.clear();
  open();
  EXPECT_EQ(trust_->create("n1", hours{1}, "eve", kNow).error().code,
            ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(trust_->revoke({.tenant = "bank"}, "eve", "", kNow));
}

TEST_F(Trusting, AnIssuerThatNobodyWouldBelieveIsRefused) {
  const auto foreign = tls::make_authority("Foreign", kNow - kDay, kNow + 900 * kDay).value();
  const auto issuer = tls::make_issuer(foreign, "nodes", kNow - kDay, kNow + 300 * kDay).value();
  write("issuer.pem", issuer.certificate);
  write("issuer.key", issuer.key);
  EXPECT_THAT(Trust::open(config_, kNow).error().message, HasSubstr("enrolment: certificate: "));
}

TEST_F(Trusting, AFileThatIsNotOursIsLeftAlone) {
  write("other.db",
        "not a database, but long enough to be looked at as one: " + std::string(4096, 'x'));
  config_.database = path("other.db");
  EXPECT_FALSE(Trust::open(config_, kNow));
  EXPECT_GT(std::filesystem::file_size(path("other.db")), 4096U);
}

}  // namespace
}  // namespace hearth::scheduler
