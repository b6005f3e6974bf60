#include "tests/web/workloads.h"

#include "tests/web/starts.h"

namespace tablog::host {
namespace {

using namespace std::chrono_literals;

constexpr Durability kFull = Durability::kFull;
constexpr Durability kRelaxed = Durability::kRelaxed;

constexpr KitOptions kSmallSegments{
    .log = {.segment_bytes = 5000, .preallocate_bytes = 4096}};  // a batch or two fills one
constexpr KitOptions kManyCheckpoints{.checkpoint_entries = 3};

// ---- workloads

void takes_over(LeaderKit& kit, Model&) {
  kit.start();
}

void create(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 1);
}

void one_full(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 1);
}

void relaxed_then_full(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 3);
  several(kit, kFull, 4, 4);
}

void relaxed_for_a_while(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 2);
  kit.elapse(100ms);  // flushed by time
  several(kit, kRelaxed, 3, 4);
}

void many_in_a_batch(LeaderKit& kit, Model& model) {
  kit.start();
  for (std::int64_t id = 1; id <= 40; ++id)
    model.ask(id % 3 == 0 ? kFull : kRelaxed, one(id, padded(id, 50)));
  kit.send();
}

void atomic_batches(LeaderKit& kit, Model&) {
  kit.start();
  kit.append(kRelaxed, events({todo(1, "a"), todo(2, padded(2, 3000)), todo(3, "c")}));
  kit.append(kFull, events({todo(4, "d"), todo(5, padded(5, 3000)), todo(6, "f")}));
}

void rejected_member(LeaderKit& kit, Model& model) {
  kit.start();
  model.ask(kFull, one(1, "a"));
  model.ask(kFull, events({todo(2, "b"), todo(1, "the same id")}));
  model.ask(kFull, one(3, "c"));
  kit.send();
  kit.append(kFull, one(3, "all of the batch is rejected"));
}

void destroyed_transaction(LeaderKit& kit, Model& model) {
  kit.start();
  model.ask(kFull, one(1, "a"));
  Event forced = todo(1, "OR ROLLBACK");
  forced.type = "todo.forced";
  model.ask(kFull, events({forced}));
  model.ask(kFull, one(2, "damn"));  // RAISE(ROLLBACK)
  model.ask(kFull, one(3, "c"));
  kit.send();
}

void definitions(LeaderKit& kit, Model&) {
  kit.start();
  kit.append(kFull, exec("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, random()), (2, 3);"
                         "CREATE INDEX i ON t(b)"));
  kit.append(kRelaxed, exec("ALTER TABLE t ADD COLUMN c DEFAULT 5"));
  kit.append(kFull, exec("DELETE FROM t; DROP TABLE t"));
}

void random_and_time(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 3);
  kit.append(kFull, exec("UPDATE todo SET title = hex(randomblob(9)) || strftime('%s', 'now')"));
}

void deferred_keys(LeaderKit& kit, Model&) {
  kit.start();
  const auto note = [](std::int64_t id) {
    return Event{.type = "note.added",
                 .args = {{.name = "todo", .value = id}, {.name = "body", .value = "x"}}};
  };
  kit.append(kFull, events({note(1), todo(1, "a"), note(1)}));
  kit.append(kFull, events({note(77)}));
  kit.append(kRelaxed, exec("DELETE FROM note; DELETE FROM todo"));
}

void full_text(LeaderKit& kit, Model&) {
  kit.start();
  kit.append(kFull, exec("CREATE VIRTUAL TABLE f USING fts5(x)"));
  kit.append(kRelaxed, exec("INSERT INTO f SELECT title || ' word' FROM todo"));
  kit.append(kFull, exec("INSERT INTO f(f) VALUES ('optimize')"));
  kit.append(kRelaxed, exec("DELETE FROM f WHERE f MATCH 'word'"));
}

void rotation(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 2, 700);
  several(kit, kRelaxed, 3, 3, 700);
}

void many_segments(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 6, 900);
  several(kit, kRelaxed, 7, 9, 900);
  several(kit, kFull, 10, 10, 900);
}

void checkpoint_afterwards(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 3);
  kit.checkpoint();
}

void checkpoints_meanwhile(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 8);
}

void checkpoint_of_relaxed(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 2);
  kit.checkpoint();
  several(kit, kRelaxed, 3, 3);
}

void checkpoint_twice(LeaderKit& kit, Model&) {
  kit.start();
  kit.checkpoint();
  several(kit, kFull, 1, 1);
  kit.checkpoint();
}

void long_wal(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 6, 9000);
  kit.checkpoint();
  several(kit, kFull, 7, 8, 9000);  // the WAL begins anew
}

void migration(LeaderKit& kit, Model& model) {
  model.schema_version = 2;
  kit.start();
  several(kit, kFull, 1, 2);
}

void session_close(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 1);
  kit.close_session();
  several(kit, kFull, 2, 3);
}

void withdrawn(LeaderKit& kit, Model& model) {
  kit.start();
  model.ask(kFull, one(1, "a"));
  model.ask(kFull, Void{});
  model.ask(kFull, one(3, "c"));
  kit.send();
}

void sent_twice(LeaderKit& kit, Model& model) {
  kit.start();
  several(kit, kRelaxed, 1, 2);
  model.forget_answers();
  kit.send();
  several(kit, kFull, 3, 3);
}

void big(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 1, 400'000);
  several(kit, kFull, 2, 2);
}

void torn_then_appends(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 1);
  several(kit, kFull, 2, 2);
}

void reads(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kRelaxed, 1, 2);
  (void)kit.query("SELECT * FROM todo");
  for (const TransferKind kind :
       {TransferKind::kSnapshot, TransferKind::kLogExport, TransferKind::kDatabaseExport}) {
    kit.transfer(kind);
  }
  several(kit, kFull, 3, 3);
}

void too_big_for_the_disk(LeaderKit& kit, Model&) {
  kit.start();
  several(kit, kFull, 1, 2);
  several(kit, kFull, 3, 3, 900'000);
  several(kit, kFull, 4, 4);
  kit.checkpoint();
}

constexpr Workload kWorkloads[] = {
    {"FirstCreation", nothing, create},
    {"TermStart", led, takes_over},
    {"OneFullAppend", led, one_full},
    {"RelaxedThenFull", led, relaxed_then_full},
    {"RelaxedFlushedByTime", led, relaxed_for_a_while},
    {"ManyInABatch", led, many_in_a_batch},
    {"AtomicBatches", led, atomic_batches},
    {"RejectedMember", led, rejected_member},
    {"DestroyedTransaction", led, destroyed_transaction},
    {"Definitions", led, definitions},
    {"RandomAndTime", led, random_and_time},
    {"DeferredKeys", led, deferred_keys},
    {"FullText", led, full_text},
    {"Rotation", led, rotation, kSmallSegments},
    {"ManySegments", led, many_segments, kSmallSegments},
    {"CheckpointAfterwards", led, checkpoint_afterwards},
    {"CheckpointsMeanwhile", led, checkpoints_meanwhile, kManyCheckpoints},
    {"CheckpointOfRelaxed", led, checkpoint_of_relaxed},
    {"CheckpointTwice", led, checkpoint_twice},
    {"LongWal", led, long_wal},
    {"Migration", led, migration},
    {"SessionClose", led, session_close},
    {"Withdrawn", led, withdrawn},
    {"SentTwice", led, sent_twice},
    {"BigEntry", led, big},
    {"Reads", led, reads, kSmallSegments},
    {"TornTail", torn, torn_then_appends},
    {"LostDatabase", without_database, one_full},
    {"DamagedDatabase", with_a_damaged_database, one_full},
    {"FullDisk", on_a_full_disk, too_big_for_the_disk},
    {"TornTailOnAFullDisk", torn_on_a_full_disk, too_big_for_the_disk},
};

}  // namespace

std::span<const Workload> workloads() {
  return kWorkloads;
}

}  // namespace tablog::host
