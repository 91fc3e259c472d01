#include "cli/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/encode.h"
#include "cli/progress.h"

namespace hearth::cli {
namespace {

using namespace std::chrono_literals;

TEST(Units, AreThoseOfPeople) {
  EXPECT_EQ(format_energy(0), "0 J");
  EXPECT_EQ(format_energy(812), "812 J");
  EXPECT_EQ(format_energy(34'560), "34.6 kJ");
  EXPECT_EQ(format_energy(999'999), "1.00 MJ");
  EXPECT_EQ(format_energy(1.25e6), "1.25 MJ");
  EXPECT_EQ(format_power(312), "312 W");
  EXPECT_EQ(format_power(1200), "1.20 kW");
  EXPECT_EQ(format_temperature(21.34), "21.3 °C");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(3ull << 29), "1.5 GiB");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1859), "1,859");
  EXPECT_EQ(format_count(10'000'000), "10,000,000");
}

TEST(Table, AlignsUtf8AndEndsNoLineInSpaces) {
  Table table({{"ZONE"}, {"SETPOINT", true}, {"NOTE"}});
  table.add({"Küche", "20.5 °C", ""});
  table.add({"室", "9 °C", "cold"});
  EXPECT_EQ(table.render(false),
            "ZONE   SETPOINT  NOTE\n"
            "Küche   20.5 °C\n"
            "室         9 °C  cold\n");
}

TEST(Table, ColoursDoNotMoveColumns) {
  Table table({{"A"}, {"B"}});
  table.add({{"ok", Style::kGood}, "x"});
  table.add({"plain", "y"});
  EXPECT_EQ(table.render(true),
            "\x1b[1mA\x1b[0m      \x1b[1mB\x1b[0m\n"
            "\x1b[32mok\x1b[0m     x\n"
            "plain  y\n");
}

TEST(Text, FromElsewhereCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\nc"), "a?[2Jb? c");
  EXPECT_EQ(printable("caf\xe9"), "caf?");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "abc"),
            "?abc");  // right-to-left override
}

TEST(Text, IsShortenedByColumns) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abcde…");
  EXPECT_EQ(shortened("室室室室", 6), "室室…");
}

TEST(Facts, AreAlignedAndEmptyOnesLeftOut) {
  EXPECT_EQ(render_facts({{"Job", "j7"}, {"Deadline", ""}, {"Command", "true"}}, false),
            "Job:      j7\n"
            "Command:  true\n");
}

TEST(Base64, FollowsTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

TEST(Progress, KnowsRateAndRemainingTime) {
  Progress progress;
  progress.update(0s, {.pending = 100});
  EXPECT_EQ(progress.text(), "0/100 done");
  progress.update(10s, {.pending = 70, .running = 10, .succeeded = 19, .failed = 1});
  EXPECT_EQ(progress.text(), "20/100 done, 10 running, 1 failed, 2.0/s, 40.0s left");
  progress.update(50s, {.succeeded = 99, .failed = 1});
  EXPECT_EQ(progress.text(), "100/100 done, 1 failed");
}

TEST(Progress, TheRateIsThatOfTheLastHalfMinute) {
  Progress progress;
  for (unsigned s = 0; s <= 1000; ++s) {
    // Ten a second at first, then one.
    const auto done = s <= 500 ? 10ull * s : 5000ull + (s - 500);
    progress.update(std::chrono::seconds{s}, {.pending = 10'000 - done, .succeeded = done});
  }
  EXPECT_DOUBLE_EQ(*progress.rate(), 1.0);
}

TEST(Progress, ResumedWithLessDoneHasNoRate) {
  Progress progress;
  progress.update(0s, {.pending = 5, .succeeded = 5});
  progress.update(1s, {.pending = 6, .succeeded = 4});
  EXPECT_EQ(progress.rate(), std::nullopt);
}

TEST(Progress, TheBarFitsItsLine) {
  Progress progress;
  progress.update(0s, {.pending = 1, .running = 1, .succeeded = 2});
  EXPECT_EQ(progress.bar(79), "[============>           ]  50 %  2/4 done, 1 running");
  EXPECT_EQ(display_width(progress.bar(30)), 30u);
}

}  // namespace
}  // namespace hearth::cli
