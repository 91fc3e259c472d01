#include "wire/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "complete.h"
#include "hearth/node/v1/node.pb.h"

namespace hearth::wire {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kBytes("\xff\0 no text", 10);

TEST(OutputWire, TailsComeBackEqualAndAreNothingWhereNothingWasPrinted) {
  const protocol::OutputTails tails{{kBytes, 9000}, {"trace", 5}};
  node::v1::TaskResult wire;
  wire.set_index(3);
  to_wire(tails, &wire);
  EXPECT_EQ(tails_from_wire(wire), tails);
  EXPECT_EQ(wire.index(), 3u) << "the rest of the result is left alone";
  to_wire(protocol::OutputTails{}, &wire);
  EXPECT_FALSE(wire.has_standard_output() || wire.has_standard_error());
  EXPECT_EQ(tails_from_wire(wire), protocol::OutputTails{}) << "as of an agent before them";
}

TEST(OutputWire, TailsThatCannotBeAreRefused) {
  node::v1::TaskResult wire;
  wire.mutable_standard_output()->set_data(std::string(65537, 'x'));
  wire.mutable_standard_output()->set_size_bytes(65537);
  EXPECT_THAT(tails_from_wire(wire).error().message, HasSubstr("standard_output: over 64 KiB"));
  wire.mutable_standard_output()->set_data("abc");
  wire.mutable_standard_output()->set_size_bytes(2);
  EXPECT_THAT(tails_from_wire(wire).error().message, HasSubstr("longer than"));
}

TEST(OutputWire, QuestionsAndAnswersComeBackEqual) {
  const protocol::ReadOutput question{
      7, {3, 41}, protocol::OutputStream::kStderr, 12, 100, 1024, Duration{10'000}};
  node::v1::ReadOutput asked;
  to_wire(question, &asked);
  EXPECT_THAT(unset_fields(asked), IsEmpty());
  EXPECT_EQ(from_wire(asked), question);
  const protocol::OutputRead answer{7, 12, kBytes, 22, true, true};
  node::v1::OutputRead answered;
  to_wire(answer, &answered);
  EXPECT_THAT(unset_fields(answered), IsEmpty());
  EXPECT_EQ(from_wire(answered), answer);
}

TEST(OutputWire, QuestionsThatCannotBeAreRefused) {
  node::v1::ReadOutput asked;
  to_wire(protocol::ReadOutput{.request = 1, .attempt = {1, 1}, .tail_bytes = {}}, &asked);
  ASSERT_TRUE(from_wire(asked));
  auto spoilt = asked;
  spoilt.set_stream(job::v1::OUTPUT_STREAM_UNSPECIFIED);
  EXPECT_THAT(from_wire(spoilt).error().message, HasSubstr("stream"));
  spoilt = asked;
  spoilt.set_bytes_max(0);
  EXPECT_THAT(from_wire(spoilt).error().message, HasSubstr("bytes_max"));
  spoilt = asked;
  spoilt.clear_attempt();
  EXPECT_FALSE(from_wire(spoilt));
}

}  // namespace
}  // namespace hearth::wire
