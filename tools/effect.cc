#include "tools/effect.h"

namespace tablog::tools {

namespace {

using storage::StateDatabase;

Result<std::unique_ptr<StateDatabase>> copy_of(StateDatabase& state) {
  if (const auto committed = state.commit(); !committed) return fail(committed.error());
  const auto image = state.snapshot();
  if (!image) return fail(image.error());
  return StateDatabase::from_image(*image);
}

void add_sql(const Event& event, std::uint32_t version, const Schema& schema, Effect& effect) {
  for (const Materializer& materializer : schema.materializers) {
    if (materializer.type == event.type) effect.sql = materializer.sql;
  }
  for (const Upcaster& upcaster : schema.upcasters) {
    if (upcaster.type != event.type || upcaster.from < version) continue;
    effect.upcast += (effect.upcast.empty() ? "" : "; ") + upcaster.args_sql;
  }
}

}  // namespace

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
    const auto& schema = (*before)->schema();
    if (const auto* event = std::get_if<Event>(&step.entry->body); event != nullptr && schema) {
      add_sql(*event, step.entry->schema_version, *schema, effect);
    } else if (const auto* exec = std::get_if<Exec>(&step.entry->body)) {
      effect.sql = exec->sql;
    }
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
                              effect.definitions.push_back(change);
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
