#include "tools/effect.h"

#include <algorithm>

namespace tablog::tools {

namespace {

using storage::StateDatabase;

Result<std::unique_ptr<StateDatabase>> copy_of(StateDatabase& state) {
  if (const auto committed = state.commit(); !committed) return fail(committed.error());
  const auto image = state.snapshot();
  if (!image) return fail(image.error());
  return StateDatabase::from_image(*image);
}

}  // namespace

std::string sql_run_by(const Entry& entry, const std::optional<Schema>& schema) {
  if (const auto* exec = std::get_if<Exec>(&entry.body)) return exec->sql;
  const auto* event = std::get_if<Event>(&entry.body);
  if (event == nullptr || !schema) return "";
  const auto found = std::ranges::find(schema->materializers, event->type, &Materializer::type);
  return found == schema->materializers.end() ? "" : found->sql;
}

std::string upcasters_of(const Entry& entry, const std::optional<Schema>& schema) {
  const auto* event = std::get_if<Event>(&entry.body);
  std::string text;
  if (event == nullptr || !schema) return text;
  for (const Upcaster& upcaster : schema->upcasters) {
    if (upcaster.type != event->type || upcaster.from < entry.schema_version) continue;
    text += (text.empty() ? "" : "; ") + upcaster.args_sql;
  }
  return text;
}

Result<Effect> effect_of(Source& source, Index index, std::size_t rows_max, Output& output) {
  auto replayer = Replayer::begin(source);
  if (!replayer) return fail(replayer.error());
  if (const auto rewound = source.log->seek(source.log->first()); !rewound) {
    return fail(rewound.error());
  }
  Reading reading(source, output, "replaying");
  using enum Replayer::Stop;
  const Index previous{index.value - 1};
  if (const auto done = replayer->advance(reading, previous, {}, kAnywhere); !done) {
    return fail(done.error());
  }
  auto before = copy_of(replayer->state());
  if (!before) return fail(before.error());
  std::ignore = replayer->state().take_changes();
  Effect effect;
  const auto note = [&](const Step& step) -> Result<void> {
    effect.sql = sql_run_by(*step.entry, (*before)->schema());
    effect.upcast = upcasters_of(*step.entry, (*before)->schema());
    return {};
  };
  if (const auto done = replayer->advance(reading, index, note, kAnywhere); !done) {
    return fail(done.error());
  }
  if (const auto committed = replayer->state().commit(); !committed) {
    return fail(committed.error());
  }
  const auto room = [&] {
    effect.cut = effect.rows.size() == rows_max;
    return !effect.cut;
  };
  const ChangeSink sink{.definition =
                            [&](const DefinitionChange& change) {
                              if (!change.goes_with_table) effect.definitions.push_back(change);
                              return true;
                            },
                        .row =
                            [&](const RowChange& change) {
                              if (!room()) return false;
                              effect.rows.push_back(change);
                              return true;
                            }};
  const auto touched = replayer->state().take_changes();
  if (const auto done = compare_states(**before, replayer->state(), touched, sink); !done) {
    return fail(done.error());
  }
  return effect;
}

}  // namespace tablog::tools
