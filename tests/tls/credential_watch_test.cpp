#include "tls/credential_watch.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tls/authority.h"

namespace hearth::tls {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::chrono::hours kDay{24};

class Watching : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hearth-tls-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    home_ = name;
    write(home_ / "ca.pem", root_.certificate);
    put(pair());
  }
  void TearDown() override { fs::remove_all(home_); }

  KeyPair pair() const { return issue(root_, {"s", {"localhost"}, "", now_, now_ + kDay}).value(); }

  // Over the old one in one step, as careful writers do.
  void write(const fs::path& path, const std::string& text) {
    std::ofstream{path.string() + ".new"} << text;
    fs::rename(path.string() + ".new", path);
  }
  void put(const KeyPair& pair) {
    write(home_ / "s.key", pair.key);
    write(home_ / "s.pem", pair.certificate);
  }

  Result<std::unique_ptr<CredentialWatch>> watch(bool clock_in_doubt = false) {
    return CredentialWatch::start({.files = {home_ / "s.pem", home_ / "s.key", home_ / "ca.pem"},
                                   .directory = home_ / "staged",
                                   .chained = true,
                                   .clock_in_doubt = clock_in_doubt,
                                   .period = Duration{5}});
  }

  std::string staged(const CredentialWatch& watch) {
    return read_credentials(watch.staged()).value().certificate;
  }

  // The test's own bound: ctest's timeout.
  void wait(const std::function<bool()>& condition) {
    while (!condition()) std::this_thread::sleep_for(Duration{2});
  }

  UtcTime now_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  KeyPair root_ = make_authority("CA", now_ - 10 * kDay, now_ + 10 * kDay).value();
  fs::path home_;
};

TEST_F(Watching, SoundFilesAreTakenBrokenOnesAreNot) {
  const auto first = read_credentials({home_ / "s.pem", home_ / "s.key", home_ / "ca.pem"});
  const auto watching = watch().value();
  EXPECT_EQ(staged(*watching), first->certificate);
  EXPECT_EQ(fs::status(watching->staged().key).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(watching->not_after(), now_ + kDay);

  write(home_ / "s.pem", "broken");
  wait([&] { return watching->failures() == 1; });
  EXPECT_EQ(staged(*watching), first->certificate) << "a broken file was staged";

  const auto second = pair();
  put(second);
  wait([&] { return staged(*watching) == second.certificate; });

  fs::remove(home_ / "s.key");
  const auto failures = watching->failures();
  wait([&] { return watching->failures() > failures; });
  EXPECT_EQ(staged(*watching), second.certificate);
}

TEST_F(Watching, ABrokenFileAtTheStartIsRefused) {
  write(home_ / "s.key", pair().key);
  const auto refused = watch();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("not the key of the certificate"));
}

TEST_F(Watching, WhoseClockIsInDoubtStartsWithWhatItHas) {
  put(issue(root_, {"s", {}, "", now_ - 2 * kDay, now_ - kDay}).value());
  EXPECT_THAT(watch().error().message, HasSubstr("expired"));
  const auto late = watch(true);
  ASSERT_TRUE(late) << late.error().message;
  EXPECT_EQ((*late)->not_after(), now_ - kDay);
  put(issue(root_, {"s", {}, "", now_ + kDay / 2, now_ + kDay}).value());
  EXPECT_THAT(watch().error().message, HasSubstr("not valid before"));
  EXPECT_TRUE(watch(true));
}

}  // namespace
}  // namespace hearth::tls
