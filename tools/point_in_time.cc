#include "tools/point_in_time.h"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

namespace tablog::tools {

namespace {

// Takes what it knows from the front of a text; once something is missing, all further fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Exactly so many digits; 0: any number of them.
  std::int64_t number(std::size_t digits) {
    std::size_t length = text_.find_first_not_of("0123456789");
    if (length == std::string_view::npos) length = text_.size();
    if (digits > 0 && length > digits) length = digits;
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text_.data(), text_.data() + length, value);
    if (length == 0 || (digits > 0 && length != digits) || parsed.ec != std::errc()) sound_ = false;
    text_.remove_prefix(length);
    return value;
  }
  bool take(char character) {
    if (!text_.starts_with(character)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void require(char character) { sound_ = take(character) && sound_; }
  [[nodiscard]] std::string_view rest() const { return text_; }
  [[nodiscard]] bool sound() const { return sound_; }

 private:
  std::string_view text_;
  bool sound_{true};
};

std::optional<std::int64_t> calendar_ms(std::string_view text) {
  using namespace std::chrono;
  Scanner scan(text);
  const auto years = scan.number(4);
  scan.require('-');
  const auto months = scan.number(2);
  scan.require('-');
  const auto month_days = scan.number(2);
  std::int64_t clock = 0;
  if (scan.take('T') || scan.take(' ')) {
    const auto hour = scan.number(2);
    scan.require(':');
    const auto minute = scan.number(2);
    const auto second = scan.take(':') ? scan.number(2) : 0;
    const auto ms = scan.take('.') ? scan.number(3) : 0;
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    clock = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
  }
  scan.take('Z');
  const year_month_day date(year(static_cast<int>(years)), month(static_cast<unsigned>(months)),
                            day(static_cast<unsigned>(month_days)));
  if (!scan.sound() || !scan.rest().empty() || !date.ok()) return std::nullopt;
  return milliseconds(sys_days(date).time_since_epoch()).count() + clock;
}

std::optional<std::int64_t> before(std::string_view text, std::int64_t now_ms) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr std::array<Unit, 6> kUnits{{{"s", 1000},
                                        {"m", 60'000},
                                        {"min", 60'000},
                                        {"h", 3'600'000},
                                        {"d", 86'400'000},
                                        {"w", 604'800'000}}};
  Scanner scan(text);
  const std::int64_t count = scan.number(0);
  if (!scan.sound() || count > 1'000'000) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (scan.rest() == unit.name) return now_ms - count * unit.ms;
  }
  return std::nullopt;
}

std::optional<std::int64_t> plain_ms(std::string_view text) {
  Scanner scan(text);
  const std::int64_t value = scan.number(0);
  return scan.sound() && scan.rest().empty() ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<std::int64_t> parse_point_in_time(const std::string& text, std::int64_t now_ms) {
  if (const auto date = calendar_ms(text)) return *date;
  if (const auto ago = before(text, now_ms)) return *ago;
  if (const auto ms = plain_ms(text)) return *ms;
  return fail(ErrorCode::kInvalidArgument,
              "\"" + text +
                  "\" is no point in time: write 2026-11-23, 2026-11-23T13:04:05Z, 15min, 2h, 3d "
                  "(ago), or milliseconds since 1970");
}

std::int64_t wall_clock_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace tablog::tools
