#include "node_agent/sensors/sysfs.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace hearth::node_agent::sysfs {
namespace {

namespace fs = std::filesystem;
using protocol::Quality;
using protocol::Reading;

constexpr int kChannelsMax = 32;
constexpr double kMilli = 1e-3;

Reading good(std::optional<double> milli) {
  if (!milli) return {};
  return {*milli * kMilli, Quality::kGood};
}

// The hwmon channel with this label, or the first one with an input; 0 where there is none.
int channel_of(const fs::path& device, const std::string& kind, const std::string& label) {
  for (int i = 1; i <= kChannelsMax; ++i) {
    const auto channel = kind + std::to_string(i);
    std::error_code error;
    if (!fs::exists(device / (channel + "_input"), error)) continue;
    if (label.empty() || read_text(device / (channel + "_label")) == label) return i;
  }
  return 0;
}

std::optional<Reading> hwmon_temperature(const fs::path& sys, const ThermometerChoice& choice) {
  for (const auto& device : find(sys / "class/hwmon", "hwmon", "name", choice.name)) {
    const int channel = channel_of(device, "temp", choice.label);
    if (channel == 0) continue;
    const auto stem = "temp" + std::to_string(channel);
    auto reading = good(read_number(device / (stem + "_input")));
    const bool fault = read_number(device / (stem + "_fault")).value_or(0) != 0;
    if (fault) reading.quality = Quality::kImplausible;
    return reading;
  }
  return std::nullopt;
}

std::optional<Reading> iio_temperature(const fs::path& sys, const ThermometerChoice& choice) {
  for (const auto& device : find(sys / "bus/iio/devices", "iio:device", "name", choice.name)) {
    if (const auto scaled = read_number(device / "in_temp_input")) return good(scaled);
    if (const auto raw = read_number(device / "in_temp_raw")) {
      const double offset = read_number(device / "in_temp_offset").value_or(0);
      const double scale = read_number(device / "in_temp_scale").value_or(1);
      return good((*raw + offset) * scale);
    }
  }
  return std::nullopt;
}

std::optional<Reading> zone_temperature(const fs::path& sys, const ThermometerChoice& choice) {
  for (const auto& zone : find(sys / "class/thermal", "thermal_zone", "type", choice.name)) {
    return good(read_number(zone / "temp"));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_text(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return std::nullopt;
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::optional<double> read_number(const fs::path& path) {
  const auto text = read_text(path);
  if (!text || text->empty()) return std::nullopt;
  double number = 0;
  const auto* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

Result<> write_number(const fs::path& path, long long number) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail(ErrorCode::kUnavailable, path.string() + ": not there");
  std::ofstream file(path);
  file << number << std::flush;
  if (!file) {
    return fail(ErrorCode::kUnavailable, path.string() + ": refused " + std::to_string(number));
  }
  return {};
}

std::vector<fs::path> find(const fs::path& root, const std::string& prefix, const std::string& key,
                           const std::string& value) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const bool named = it->path().filename().string().starts_with(prefix);
    if (named && read_text(it->path() / key) == value) found.push_back(it->path());
  }
  std::ranges::sort(found);
  return found;
}

Reading read_temperature(const fs::path& sys, const ThermometerChoice& choice) {
  if (choice.name.empty()) return {};
  if (const auto reading = hwmon_temperature(sys, choice)) return *reading;
  if (const auto reading = iio_temperature(sys, choice)) return *reading;
  return zone_temperature(sys, choice).value_or(Reading{});
}

Reading read_humidity(const fs::path& sys, const std::string& name) {
  if (name.empty()) return {};
  for (const auto& device : find(sys / "class/hwmon", "hwmon", "name", name)) {
    const int channel = channel_of(device, "humidity", "");
    if (channel == 0) continue;
    return good(read_number(device / ("humidity" + std::to_string(channel) + "_input")));
  }
  for (const auto& device : find(sys / "bus/iio/devices", "iio:device", "name", name)) {
    if (const auto scaled = read_number(device / "in_humidityrelative_input")) return good(scaled);
  }
  return {};
}

}  // namespace hearth::node_agent::sysfs
