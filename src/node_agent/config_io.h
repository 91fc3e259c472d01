// Reading and printing the agent's configuration by one description: what fields() of config.cpp
// says of a key serves both. Durations are seconds, quantities and temperatures plain numbers.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json_reader.h"
#include "common/time.h"
#include "common/units.h"

namespace hearth::node_agent {

class Reading {
 public:
  Reading(const nlohmann::json& object, std::string prefix)
      : reader_(object), prefix_(std::move(prefix)) {}

  template <class T>
  void field(const std::string& key, T& value) {
    reader_.read(key, value);
  }
  void field(const std::string& key, Duration& value) {
    double seconds = to_seconds(value);
    reader_.read(key, seconds);
    require(seconds >= 0 && seconds < 1e9, key + ": not between 0 and 1e9 s");
    value = from_seconds(seconds >= 0 && seconds < 1e9 ? seconds : 0);
  }
  template <class Tag>
  void field(const std::string& key, Quantity<Tag>& value) {
    reader_.read(key, value.value);
  }
  void field(const std::string& key, Celsius& value) { reader_.read(key, value.value); }

  // A value that is a word in the file.
  template <class T>
  void word(const std::string& key, T& value, std::string written,
            const std::function<std::optional<T>(const std::string&)>& parse) {
    reader_.read(key, written);
    const auto parsed = parse(written);
    require(parsed.has_value(), key + ": unknown: " + written);
    if (parsed) value = *parsed;
  }

  template <class Fields>
  void section(const std::string& key, Fields fields) {
    auto object = nlohmann::json::object();
    reader_.read(key, object);
    require(object.is_object(), key + ": not an object");
    if (!object.is_object()) return;
    Reading inner{object, prefix_ + key + "."};
    fields(inner);
    inner.finish_into(problems_);
  }

  // Objects of one kind; all of them are replaced where the key is there.
  template <class T, class Fields>
  void list(const std::string& key, std::vector<T>& values, Fields fields) {
    nlohmann::json items;
    reader_.read(key, items);
    if (items.is_null()) return;
    require(items.is_array(), key + ": not a list");
    if (!items.is_array()) return;
    values.clear();
    for (const auto& item : items) {
      const std::string name = key + "[" + std::to_string(values.size()) + "]";
      require(item.is_object(), name + ": not an object");
      if (!item.is_object()) return;
      Reading inner{item, prefix_ + name + "."};
      fields(inner, values.emplace_back());
      inner.finish_into(problems_);
    }
  }

  void require(bool holds, const std::string& problem) {
    if (!holds) problems_.push_back(prefix_ + problem);
  }

  void finish_into(std::vector<std::string>& problems) {
    if (const auto sound = reader_.finish(); !sound) {
      std::string_view rest = sound.error().message;  // "a; b"
      while (!rest.empty()) {
        const auto end = std::min(rest.find("; "), rest.size());
        problems_.push_back(prefix_ + std::string(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 2, rest.size()));
      }
    }
    problems.insert(problems.end(), problems_.begin(), problems_.end());
  }

 private:
  JsonReader reader_;
  std::string prefix_;
  std::vector<std::string> problems_;
};

class Printing {
 public:
  template <class T>
  void field(const std::string& key, T& value) {
    object[key] = value;
  }
  void field(const std::string& key, Duration& value) { object[key] = to_seconds(value); }
  template <class Tag>
  void field(const std::string& key, Quantity<Tag>& value) {
    object[key] = value.value;
  }
  void field(const std::string& key, Celsius& value) { object[key] = value.value; }
  template <class T, class Parse>
  void word(const std::string& key, T&, const std::string& written, const Parse&) {
    object[key] = written;
  }
  template <class Fields>
  void section(const std::string& key, Fields fields) {
    Printing inner;
    fields(inner);
    object[key] = std::move(inner.object);
  }
  template <class T, class Fields>
  void list(const std::string& key, std::vector<T>& values, Fields fields) {
    object[key] = nlohmann::ordered_json::array();
    for (auto& value : values) {
      Printing inner;
      fields(inner, value);
      object[key].push_back(std::move(inner.object));
    }
  }
  void require(bool, const std::string&) {}

  nlohmann::ordered_json object = nlohmann::ordered_json::object();
};

}  // namespace hearth::node_agent
