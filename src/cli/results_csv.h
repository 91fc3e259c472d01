// Results as CSV: one line for each, quoted as RFC 4180 has it, lines ended by LF.
//
// Pure: text out. A field is quoted where it holds a comma, a quote, CR or LF. Times are UTC, RFC
// 3339; what is not known is empty.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hearth/job/v1/job.pb.h"

namespace hearth::cli {

std::string csv_field(std::string_view text);

class ResultsCsv {
 public:
  // `fields`: of the result's JSON object, like "npv" or "risk.delta"; each becomes a column in
  // place of the result itself. None: the columns `encoding` ("text" or "base64") and `result`.
  explicit ResultsCsv(std::vector<std::string> fields) : fields_(std::move(fields)) {}

  std::string header() const;
  std::string row(const job::v1::TaskResult& result) const;

 private:
  std::vector<std::string> fields_;
};

}  // namespace hearth::cli
