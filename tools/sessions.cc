#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/base_check.h"
#include "tools/reading.h"
#include "tools/session_survey.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kNumbersMax = 1000;  // unsettled ones, of one session

using Row = std::pair<ClientId, const SessionSpan*>;

std::string_view state_of(const SessionSurvey& survey, const SessionSpan& session) {
  if (session.closed_in) {
    return *session.closed_in == survey.term() ? "tombstone" : "closed";
  }
  return session.entries > 0 || session.in_state ? "open" : "none";
}

// Where what is told of it comes from.
std::string_view origin_of(const SessionSpan& session) {
  return !session.in_state ? "log" : session.entries > 0 ? "log and state" : "state";
}

Json or_null(Index index) {
  return index > Index{} ? Json(index.value) : Json(nullptr);
}

Json json_of_row(const SessionSurvey& survey, const Row& row) {
  const SessionSpan& session = *row.second;
  Json unsettled = Json::array();
  for (std::size_t i = 0; i < std::min(session.unsettled.size(), kNumbersMax); ++i) {
    unsettled.push_back(session.unsettled[i].value);
  }
  Json led = Json::array();
  for (const Term term : session.led) led.push_back(term.value);
  const bool logged = session.entries > 0;
  return {{"client", to_hex(row.first.bytes)},
          {"state", state_of(survey, session)},
          {"closedAt", or_null(session.closed_at.value_or(Index{}))},
          {"first", or_null(session.first)},
          {"last", or_null(session.last)},
          {"firstTime", logged ? Json(session.first_time_ms) : Json(nullptr)},
          {"lastTime", logged ? Json(session.last_time_ms) : Json(nullptr)},
          {"entries", session.entries},
          {"requests", session.requests},
          {"lastNumber", session.last_number.value},
          {"settledThrough", session.settled_through.value},
          {"unsettledCount", session.unsettled.size()},
          {"unsettled", std::move(unsettled)},
          {"led", std::move(led)},
          {"from", origin_of(session)}};
}

std::string led_text(const SessionSpan& session) {
  constexpr std::size_t kTermsMax = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(session.led.size(), kTermsMax); ++i) {
    text += (text.empty() ? "" : ", ") + term_text(session.led[i]);
  }
  return session.led.size() > kTermsMax
             ? text + " and " + count_text(session.led.size() - kTermsMax) + " more"
             : text;
}

std::vector<std::string> cells_of(const SessionSurvey& survey, const Row& row) {
  const SessionSpan& session = *row.second;
  const bool logged = session.entries > 0;
  std::string state(state_of(survey, session));
  if (session.closed_at) state += " " + std::to_string(session.closed_at->value);
  return {short_id(row.first),
          state,
          logged ? std::to_string(session.first.value) : "",
          logged ? std::to_string(session.last.value) : "",
          logged ? time_text(session.last_time_ms) : "",
          count_text(session.entries),
          count_text(session.requests),
          std::to_string(session.last_number.value),
          std::to_string(session.settled_through.value),
          count_text(session.unsettled.size()),
          std::string(origin_of(session)),
          led_text(session)};
}

void print(const SessionSurvey& survey, const std::vector<Row>& rows, Output& output) {
  if (!output.is_table()) {
    output.begin_rows(
        {.table = "session",
         .columns = {"client", "state", "closedAt", "first", "last", "firstTime", "lastTime",
                     "entries", "requests", "lastNumber", "settledThrough", "unsettledCount",
                     "unsettled", "led", "from"}});
    for (const Row& row : rows) output.row(json_of_row(survey, row));
    output.end_rows();
    return;
  }
  using enum Column::Align;
  Table table(output, {{"CLIENT", 8, kLeft},
                       {"STATE", 14, kLeft},
                       {"FIRST", 8, kRight},
                       {"LAST", 8, kRight},
                       {"LAST TIME", 24, kLeft},
                       {"ENTRIES", 9, kRight},
                       {"REQUESTS", 9, kRight},
                       {"NUMBER", 8, kRight},
                       {"SETTLED", 8, kRight},
                       {"UNSETTLED", 9, kRight},
                       {"FROM", 13, kLeft},
                       {"LED TERMS", 0, kLeft}});
  table.print_header();
  for (const Row& row : rows) table.print(cells_of(survey, row));
}

Result<void> read(Source& source, SessionSurvey& survey, Output& output) {
  Reading reading(source, output, "reading");
  return for_each_step(reading, [&](const Step& step) -> Result<void> {
    if (step.entry) survey.add(*step.entry);
    return {};
  });
}

// Of a compacted log: the state database's, or, in an export, that of the base.
Result<void> add_table(const Source& source, SessionSurvey& survey) {
  if (source.log->first() == Index{1}) {
    return {};
  }
  if (source.state) {
    survey.add(source.state->session_table);
    return {};
  }
  const auto base = base_state(source);
  if (!base) {
    return fail(base.error());
  }
  if (*base) {
    survey.add((*base)->sessions());
  }
  return {};
}

ExitCode sessions(const Target& target, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  SessionSurvey survey;
  auto done = read(*source, survey, output);
  if (done) {
    done = add_table(*source, survey);
  }
  std::vector<Row> rows;
  for (const auto& [client, session] : survey.sessions()) rows.emplace_back(client, &session);
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.second->first; });
  print(survey, rows, output);
  if (survey.is_full()) {
    output.warn("more than " + count_text(SessionSurvey::kSessionsMax) +
                " sessions: those that begin later are left out");
  }
  return done ? tell_tail(output, *source) : tell(output, done.error());
}

}  // namespace

Verb sessions_verb() {
  return {.name = "sessions",
          .what = "The tabs' sessions: entries, request numbers, whether they ended",
          .examples =
              "  tablog sessions notes.tablog\n"
              "  tablog sessions opfs/tablog/notes -o ndjson | jq 'select(.state == \"open\")'",
          .run = sessions};
}

}  // namespace tablog::tools
