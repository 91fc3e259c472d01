// Reading and writing the small files by which Linux shows sensors, and finding them by name:
// the indices in their paths change from boot to boot.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "protocol/heat.h"

namespace hearth::node_agent::sysfs {

// The file's text without its final newline; nothing where it cannot be read.
std::optional<std::string> read_text(const std::filesystem::path& path);
// The file's one number; nothing where it is missing or holds anything else.
std::optional<double> read_number(const std::filesystem::path& path);
// kUnavailable naming the file and the number where the kernel refuses it.
Result<> write_number(const std::filesystem::path& path, long long number);

// Folders of `root` that begin with `prefix` and whose file `key` holds `value`, in order of name.
std::vector<std::filesystem::path> find(const std::filesystem::path& root,
                                        const std::string& prefix, const std::string& key,
                                        const std::string& value);

// One thermometer: `name` is that of its hwmon or IIO device or the type of its thermal zone,
// `label` that of the hwmon channel ("Tctl"); empty: the first channel.
struct ThermometerChoice {
  std::string name;  // empty: there is none
  std::string label;
};

// degC. kMissing where it is not found or not readable, kImplausible where tempN_fault says so.
// Units (HEAT section 6): hwmon, IIO in_temp_input and thermal zones milli-degC; IIO raw values
// (raw + offset) * scale, in milli-degC.
protocol::Reading read_temperature(const std::filesystem::path& sys,
                                   const ThermometerChoice& choice);

// Percent. hwmon humidityN_input and IIO in_humidityrelative_input, both in milli-percent.
protocol::Reading read_humidity(const std::filesystem::path& sys, const std::string& name);

}  // namespace hearth::node_agent::sysfs
