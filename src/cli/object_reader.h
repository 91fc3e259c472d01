// Reads a JSON object key by key, strictly, and collects every problem with the path to it.
#pragma once

#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hearth::cli {

class ObjectReader {
 public:
  using Json = nlohmann::json;

  // Problems are added to `problems`, their fields prefixed with `path`.
  ObjectReader(const Json& object, std::string path, std::vector<std::string>& problems)
      : object_(object), path_(std::move(path)), problems_(problems) {
    if (!object.is_object()) problem("", "not an object");
  }

  // The value of `key`, or null where it is absent.
  const Json* find(const std::string& key) {
    known_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  void read(const std::string& key, std::string& field) {
    const auto* value = find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return problem(key, "not a string: " + value->dump());
    field = value->get<std::string>();
  }

  void read(const std::string& key, bool& field) {
    const auto* value = find(key);
    if (value == nullptr) return;
    if (!value->is_boolean()) return problem(key, "neither true nor false: " + value->dump());
    field = value->get<bool>();
  }

  template <std::integral T>
  void read(const std::string& key, T& field) {
    const auto* value = find(key);
    if (value == nullptr) return;
    const bool fits =
        value->is_number_unsigned() &&
        value->get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (!fits) return problem(key, "not a whole number: " + value->dump());
    field = value->get<T>();
  }

  template <class T>
  void read(const std::string& key, std::optional<T>& field) {
    T read_value{};
    const auto before = problems_.size();
    read(key, read_value);
    const auto* value = find(key);
    if (value != nullptr && problems_.size() == before) field = std::move(read_value);
  }

  void read(const std::string& key, std::vector<std::string>& field) {
    const auto* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return problem(key, "not a list: " + value->dump());
    for (const auto& item : *value) {
      if (!item.is_string()) return problem(key, "not a string: " + item.dump());
      field.push_back(item.get<std::string>());
    }
  }

  void problem(const std::string& key, const std::string& text) {
    const auto dot = path_.empty() || key.empty() ? "" : ".";
    const auto field = path_ + dot + key;
    problems_.push_back(field.empty() ? text : field + ": " + text);
  }

  // Reports unknown keys (spelling mistakes).
  void finish() {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
      if (!known_.contains(key)) problem(key, "unknown key");
    }
  }

 private:
  const Json& object_;
  std::string path_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_;
};

// Parses JSON with comments; a syntax error becomes a problem that names line and column.
std::optional<nlohmann::json> parse_json(std::string_view text, std::vector<std::string>& problems);

}  // namespace hearth::cli
