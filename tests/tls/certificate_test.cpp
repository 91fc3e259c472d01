#include "tls/certificate.h"

#include <gmock/gmock.h>

#include "tls/authority.h"

namespace hearth::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const UtcTime kNow = parse_utc_time("2026-01-10T12:00Z").value();
constexpr std::chrono::hours kDay{24};

KeyPair authority(const std::string& name = "Test CA") {
  return make_authority(name, kNow - kDay, kNow + 100 * kDay).value();
}

KeyPair client_of(const KeyPair& root) {
  return issue(root, {"n1", {}, "hearth://node/n1", kNow - kDay, kNow + 7 * kDay}).value();
}

std::string problem_of(const Credentials& credentials, UtcTime now = kNow) {
  const auto checked = check_credentials(credentials, now, true);
  return checked ? "none" : checked.error().message;
}

TEST(Certificate, SaysWhoseItIsAndHowLong) {
  const auto root = authority();
  const auto made = read_certificate(client_of(root).certificate).value();
  EXPECT_EQ(made.subject, "CN=n1");
  EXPECT_EQ(made.issuer, "CN=Test CA");
  EXPECT_THAT(made.uris, ElementsAre("hearth://node/n1"));
  EXPECT_EQ(made.not_before, kNow - kDay);
  EXPECT_EQ(made.not_after, kNow + 7 * kDay);
  EXPECT_EQ(made.serial.size(), 32U);
  EXPECT_NE(made.serial, read_certificate(client_of(root).certificate)->serial);
}

TEST(Certificate, WhatIsWrongWithCredentialsIsSaid) {
  const auto root = authority();
  const auto own = client_of(root);
  const auto other = client_of(root);
  const auto foreign = authority("Foreign CA");
  const Credentials sound{own.certificate, own.key, root.certificate};
  EXPECT_EQ(problem_of(sound), "none");
  EXPECT_EQ(problem_of({own.certificate, own.key, foreign.certificate + root.certificate}), "none");
  EXPECT_THAT(problem_of(sound, kNow + 7 * kDay), HasSubstr("CN=n1 expired at 2026-01-17T12:00"));
  EXPECT_THAT(problem_of(sound, kNow - 2 * kDay), HasSubstr("not valid before"));
  EXPECT_THAT(problem_of(sound, kNow + 200 * kDay), HasSubstr("expired"));
  EXPECT_THAT(problem_of({own.certificate, other.key, root.certificate}),
              HasSubstr("not the key of the certificate"));
  EXPECT_THAT(problem_of({own.certificate, own.key, foreign.certificate}),
              HasSubstr("CN=n1 is not of the authorities"));
  EXPECT_THAT(problem_of({own.certificate, own.key, own.certificate}),
              HasSubstr("CN=n1 is no authority"));
  EXPECT_THAT(problem_of({"", own.key, root.certificate}), HasSubstr("certificate: no"));
  EXPECT_THAT(problem_of({own.certificate, "", root.certificate}), HasSubstr("key: no"));
  EXPECT_THAT(problem_of({own.certificate, own.key, ""}), HasSubstr("authorities: no"));
}

// Every prefix of a file that somebody is still writing is refused, or is whole.
TEST(Certificate, HalfWrittenFilesAreNeverTaken) {
  const auto root = authority();
  const auto own = client_of(root);
  for (std::size_t size = 0; size + 2 < own.certificate.size(); size += 7) {
    EXPECT_NE(problem_of({own.certificate.substr(0, size), own.key, root.certificate}), "none")
        << size;
  }
  for (std::size_t size = 0; size + 2 < own.key.size(); size += 7) {
    EXPECT_NE(problem_of({own.certificate, own.key.substr(0, size), root.certificate}), "none")
        << size;
  }
}

TEST(Authority, IssuesNothingThatOutlivesIt) {
  const auto issued = issue(authority(), {"n1", {}, "", kNow, kNow + 101 * kDay});
  ASSERT_FALSE(issued);
  EXPECT_THAT(issued.error().message, HasSubstr("the authority itself ends before"));
  EXPECT_FALSE(issue({"", ""}, {"n1", {}, "", kNow, kNow + kDay}));
}

TEST(Certificate, FilesThatAreNotThereAreNamed) {
  const auto read = read_credentials({"/nowhere/c.pem", "/nowhere/k.pem", "/nowhere/a.pem"});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "/nowhere/c.pem: cannot be read");
}

}  // namespace
}  // namespace hearth::tls
