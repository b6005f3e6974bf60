#include "tools/progress.h"

#include <algorithm>

#include "tools/text.h"

namespace tablog::tools {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto kPatience = 1s;
constexpr auto kBetweenDrawings = 100ms;
constexpr std::size_t kBarMax = 40;  // characters

std::string left_text(milliseconds left) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
  return seconds < 120 ? std::to_string(seconds) + " s left"
                       : std::to_string((seconds + 59) / 60) + " min left";
}

}  // namespace

std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t total,
                          milliseconds so_far, std::size_t width) {
  const double share =
      total == 0 ? 1 : static_cast<double>(std::min(done, total)) / static_cast<double>(total);
  const std::string percent = std::to_string(static_cast<int>(share * 100)) + "%";
  std::string ending = "  " + std::string(5 - percent.size(), ' ') + percent;
  if (share > 0) {
    const double left = static_cast<double>(so_far.count()) * (1 - share) / share;
    ending += "  " + left_text(milliseconds(static_cast<std::int64_t>(left)));
  }
  const std::size_t taken = width_of(what) + ending.size() + 4;
  if (taken + 10 > width) return std::string(what) + ending;
  const std::size_t bar = std::min(kBarMax, width - taken);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar));
  return std::string(what) + "  [" + std::string(filled, '#') + std::string(bar - filled, '.') +
         "]" + ending;
}

Progress::Progress(Output& output, std::string what)
    : output_(output), what_(std::move(what)), began_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  output_.draw_status("");
}

void Progress::at(std::uint64_t done, std::uint64_t total) {
  if (output_.notes_width() == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - began_ < kPatience || now - drawn_ < kBetweenDrawings) return;
  drawn_ = now;
  output_.draw_status(progress_text(what_, done, total,
                                    std::chrono::duration_cast<milliseconds>(now - began_),
                                    output_.notes_width() - 1));
}

}  // namespace tablog::tools
