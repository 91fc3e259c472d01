#include "tls/authority.h"

#include <gmock/gmock.h>

#include "tls/certificate.h"
#include "tls/identity.h"

namespace hearth::tls {
namespace {

using ::testing::HasSubstr;

const UtcTime kNow = parse_utc_time("2026-01-10T12:00Z").value();
constexpr std::chrono::hours kDay{24};

class Issuing : public ::testing::Test {
 protected:
  const KeyPair root_ = make_authority("Test CA", kNow - kDay, kNow + 100 * kDay).value();
  const KeyPair issuer_ = make_issuer(root_, "Test nodes", kNow - kDay, kNow + 50 * kDay).value();

  Result<std::string> sign_for(const std::string& uri, const Request& request,
                               UtcTime until = kNow + kDay) const {
    return sign(issuer_, request.request, {"x", {}, uri, kNow - kDay, until});
  }

  std::string problem_of(const std::string& certificate, const std::string& key) const {
    const auto checked = check_credentials({certificate, key, root_.certificate}, kNow, true);
    return checked ? "none" : checked.error().message;
  }
};

TEST_F(Issuing, ANodeIsBelievedAndNobodyElse) {
  const auto asked = make_request("n1").value();
  EXPECT_EQ(problem_of(sign_for("hearth://node/n1", asked).value(), asked.key), "none");
  for (const auto* uri :
       {"hearth://tenant/bank/role/operate/name/eve", "hearth://zone/kitchen/name/ann",
        "hearth://node.evil/n1", "https://example.org/"}) {
    EXPECT_THAT(problem_of(sign_for(uri, asked).value(), asked.key),
                HasSubstr("permitted subtree violation"))
        << uri;
  }
  EXPECT_THAT(make_issuer(issuer_, "deeper", kNow - kDay, kNow + kDay).error().message,
              HasSubstr("may have no other below it"));
}

TEST_F(Issuing, OfARequestOnlyTheKeyCounts) {
  const auto asked = make_request("root of all").value();
  const auto facts = read_certificate(sign_for("hearth://node/n1", asked).value()).value();
  EXPECT_EQ(facts.subject, "CN=x");
  EXPECT_EQ(key_of_request(asked.request).value(),
            key_of_certificate(sign_for("hearth://node/n1", asked).value()).value());
  const auto again = make_request("n1", asked.key).value();
  EXPECT_EQ(key_of_request(asked.request).value(), key_of_request(again.request).value());
  EXPECT_NE(key_of_request(asked.request).value(),
            key_of_request(make_request("n1").value().request).value());
}

TEST_F(Issuing, WhatIsNoRequestIsRefused) {
  const auto sound = make_request("n1").value();
  auto forged = sound.request;
  const auto middle = forged.size() / 2;
  forged[middle] = forged[middle] == 'A' ? 'B' : 'A';
  for (const auto& text : {std::string{}, std::string{"hello"}, root_.certificate, forged}) {
    EXPECT_FALSE(sign(issuer_, text, {"x", {}, "hearth://node/n1", kNow, kNow + kDay})) << text;
    EXPECT_FALSE(key_of_request(text)) << text;
  }
  EXPECT_FALSE(make_request("n1", "not a key"));
  EXPECT_FALSE(key_of_certificate("not a certificate"));
}

TEST_F(Issuing, WeakKeysAreRefused) {
  // openssl req -new -newkey rsa:2048 -nodes -subj /CN=x: RSA, whatever its length.
  constexpr const char* kRsa = R"(-----BEGIN CERTIFICATE REQUEST-----
MIICUTCCATkCAQAwDDEKMAgGA1UEAwwBeDCCASIwDQYJKoZIhvcNAQEBBQADggEP
ADCCAQoCggEBAKCShQA+0sa6Fxq40d725amB0oDVd0ctlnSi4B9MZYt6AWyYwoxw
gF5PtbG0ZHthuXI+99G9Gl+je7iqrzi0UtAcUZAm0ogYKlaaEJTgOn6x0nIHMEPl
MYTaQXCbCwO/odo44NunzGDVVctAV5gwjQTKoMgE+hwX1xLrar4VoWNiS5BI+4Ra
xA7SvWI+Y621jFnlbke1GKgwv2inDlBGxRKRFyqkhzMQx0GqCmmCyzPtmCjDiRgB
TaNH2wJbWNah2Y42MYnBPKMH8mv4VySTF7c3m7KYjxGqdLTpMt6+uaJime2I3HjA
f2OYG883O1drIppt/zQTlbklF9D8YrcwFZsCAwEAAaAAMA0GCSqGSIb3DQEBCwUA
A4IBAQB/UGZKCaE9lJBzmER7zJsBZ+XkXD+KQs11F46KscH24uDUe9vG3E2ukKib
6xktb/1u1/Vb4pl3aMqTDS17wPFoxOX2tj/yOxxeVh0nMz6TH24NvlssJyQtSAa/
qn32YOxQWii7Sr3ebPHFxXXGuYikUNaMqqGy2VGpINgJsAQYyG+xhJpK7UKL2JYY
bZBugYAW8LJUMgZOLWawpms4bkLNnwcxyf3F7cXynuGgWuwpiDcUbo0ooWrwHjPy
FXE2Bkty9W7HRUHjSRz5Kg2iQzcS0P8Qri8eiq5MQqbgayXLnoZcg/GyzUiu4pab
b9I4F+ah37pUCaNN8DQGrGpw6D+n
-----END CERTIFICATE REQUEST-----
)";
  EXPECT_THAT(key_of_request(kRsa).error().message, HasSubstr("neither Ed25519 nor EC"));
}

TEST_F(Issuing, NothingOutlivesItsIssuer) {
  const auto asked = make_request("n1").value();
  EXPECT_FALSE(sign_for("hearth://node/n1", asked, kNow + 60 * kDay));
  EXPECT_FALSE(make_issuer(root_, "long", kNow, kNow + 200 * kDay));
}

TEST_F(Issuing, WhatWasIssuedIsKnownWhenItHasEnded) {
  const auto asked = make_request("n1").value();
  const auto certificate = sign_for("hearth://node/n1", asked).value();
  EXPECT_TRUE(check_issued(certificate, root_.certificate, kNow));
  EXPECT_FALSE(check_issued(certificate, root_.certificate, kNow + 2 * kDay));
  const auto foreign = make_authority("Foreign", kNow - kDay, kNow + kDay).value();
  EXPECT_FALSE(check_issued(certificate, foreign.certificate, kNow));
  EXPECT_FALSE(check_issued("", root_.certificate, kNow));
}

TEST(Secret, IsLongAndNeverTheSame) {
  const auto one = random_secret().value();
  EXPECT_EQ(one.size(), 64U);
  EXPECT_NE(one, random_secret().value());
}

}  // namespace
}  // namespace hearth::tls
