#include "cli/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "common/check.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// East Asian wide characters and emoji; combining marks and joiners. Coarse, and good enough for
// names in tables.
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0xFFE0, 0xFFE6},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 4> kZero = {
    {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](Range range) { return c >= range.first && c <= range.last; });
}

// Takes one character off valid UTF-8.
char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length && i < text.size(); ++i) {
    c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  text.remove_prefix(std::min(length, text.size()));
  return c;
}

std::size_t width_of(char32_t c) {
  return within(kZero, c) ? 0 : within(kWide, c) ? 2 : 1;
}

const char* escape_of(Style style) {
  switch (style) {
    case Style::kGood:
      return "\x1b[32m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kPlain:
      break;
  }
  return "";
}

// Three significant figures with a decimal prefix; whole numbers below 1000.
std::string with_prefix(double value, const char* unit, const std::array<const char*, 4>& prefixes,
                        double step) {
  std::size_t prefix = 0;
  // 999.5 would be shown as 1000.
  while (std::abs(value) >= step - 0.5 && prefix + 1 < prefixes.size()) {
    value /= step;
    ++prefix;
  }
  const double magnitude = std::abs(value);
  const int decimals = prefix == 0 || magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
  return fixed(value, decimals) + " " + prefixes[prefix] + unit;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  CHECK(row.size() == columns_.size());
  for (auto& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::render(bool colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  std::string out;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    std::string gap;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Cell cell = cell_of(i);
      const std::string pad(widths[i] - display_width(cell.text), ' ');
      const auto text = styled(cell.text, cell.style, colour);
      // Gaps wait for the next text, so that no line ends in spaces.
      if (columns_[i].right) gap += pad;
      if (!cell.text.empty()) {
        line += gap + text;
        gap.clear();
      }
      gap += (columns_[i].right ? "" : pad) + "  ";
    }
    out += line + "\n";
  };
  add_line([&](std::size_t i) { return Cell(columns_[i].title, Style::kBold); });
  for (const auto& row : rows_) add_line([&](std::size_t i) { return row[i]; });
  return out;
}

std::string render_facts(const std::vector<std::pair<std::string, Cell>>& facts, bool colour) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts) {
    if (!value.text.empty()) width = std::max(width, display_width(name));
  }
  std::string out;
  for (const auto& [name, value] : facts) {
    if (value.text.empty()) continue;
    out += name + ":" + std::string(width - display_width(name) + 2, ' ') +
           styled(printable(value.text), value.style, colour) + "\n";
  }
  return out;
}

std::string styled(std::string_view text, Style style, bool colour) {
  if (!colour || style == Style::kPlain || text.empty()) return std::string(text);
  return escape_of(style) + std::string(text) + "\x1b[0m";
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += width_of(take_character(text));
  return width;
}

std::string printable(std::string_view text) {
  const auto valid = wire::to_utf8(text);
  std::string out;
  for (std::string_view rest = valid; !rest.empty();) {
    const auto before = rest;
    const char32_t c = take_character(rest);
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
                         (c >= 0x2066 && c <= 0x2069);
    if (control) {
      out += c == '\n' || c == '\t' ? ' ' : '?';
    } else {
      out += before.substr(0, before.size() - rest.size());
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t width) {
  const auto clean = printable(text);
  if (display_width(clean) <= width) return clean;
  std::string out;
  std::size_t used = 1;  // the ellipsis
  for (std::string_view rest = clean; !rest.empty();) {
    const auto before = rest;
    used += width_of(take_character(rest));
    if (used > width) break;
    out += before.substr(0, before.size() - rest.size());
  }
  return out + "…";
}

std::string format_energy(double joules) {
  return with_prefix(joules, "J", {"", "k", "M", "G"}, 1000);
}

std::string format_power(double watts) {
  return with_prefix(watts, "W", {"", "k", "M", "G"}, 1000);
}

std::string format_temperature(double celsius) {
  return fixed(celsius, 1) + " °C";
}

std::string format_kwh(double joules) {
  constexpr double kJoulesPerKwh = 3.6e6;
  const double kwh = joules / kJoulesPerKwh;
  const double magnitude = std::abs(kwh);
  if (kwh >= 999.5) return format_count(static_cast<std::uint64_t>(std::llround(kwh))) + " kWh";
  return fixed(kwh, magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2) + " kWh";
}

std::string format_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes >= 1ull << 40) return fixed(value / static_cast<double>(1ull << 40), 1) + " TiB";
  if (bytes >= 1ull << 30) return fixed(value / static_cast<double>(1ull << 30), 1) + " GiB";
  if (bytes >= 1ull << 20) return fixed(value / static_cast<double>(1ull << 20), 1) + " MiB";
  if (bytes >= 1ull << 10) return fixed(value / static_cast<double>(1ull << 10), 1) + " KiB";
  return std::to_string(bytes) + " B";
}

std::string format_count(std::uint64_t count) {
  auto digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  return buffer;
}

}  // namespace hearth::cli
