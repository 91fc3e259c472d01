// Whether a protobuf message has every field set to something that is not its default.
#pragma once

#include <google/protobuf/message.h>

#include <set>
#include <string>

namespace hearth::wire {

// The full names of fields left at their default, at any depth, but for `beside` and the branches
// of a oneof not taken. Of repeated messages the last is looked at.
inline void collect_unset(const google::protobuf::Message& message,
                          const std::set<std::string>& beside, std::set<std::string>& unset) {
  const auto& reflection = *message.GetReflection();
  const auto& type = *message.GetDescriptor();
  if (type.file()->package() == "google.protobuf") return;
  for (int i = 0; i < type.field_count(); ++i) {
    const auto* field = type.field(i);
    const bool is_message = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE;
    const bool set = field->is_repeated() ? reflection.FieldSize(message, field) > 0
                                          : reflection.HasField(message, field);
    if (!set) {
      if (field->real_containing_oneof() == nullptr && !beside.contains(field->full_name())) {
        unset.insert(field->full_name());
      }
    } else if (is_message && !field->is_map()) {
      const int last = field->is_repeated() ? reflection.FieldSize(message, field) - 1 : 0;
      collect_unset(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, last)
                                         : reflection.GetMessage(message, field),
                    beside, unset);
    }
  }
}

inline std::set<std::string> unset_fields(const google::protobuf::Message& message,
                                          const std::set<std::string>& beside = {}) {
  std::set<std::string> unset;
  collect_unset(message, beside, unset);
  return unset;
}

}  // namespace hearth::wire
