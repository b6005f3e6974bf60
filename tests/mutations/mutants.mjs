// Planted bugs: each takes away a rule that something else rests on. `caughtBy` names the test that
// fails then: "suite: Test" of tests/SUITE, or "typescript: words of the name".

/**
 * @typedef {object} Mutant
 * @property {string} name What the code does wrong then.
 * @property {string} file
 * @property {string} from Stands in the file once.
 * @property {string} to
 * @property {string} caughtBy
 */

/** @type {readonly Mutant[]} */
export const mutants = [
  // ---- the leader
  {
    name: "acknowledges before the flush",
    file: "leader/leader.cc",
    from: ".digest = digest_, .flush = batch.flush}",
    to: ".digest = digest_, .flush = false}",
    caughtBy: "leader: BatchTest.RepliesOnlyAfterTheEntryIsDurable",
  },
  {
    name: "a write-ahead log that earlier leaders left is never checkpointed",
    file: "leader/leader.cc",
    from: "input.wal_bytes >= options_.checkpoint_wal_bytes",
    to: "input.wal_bytes > ~0ULL - 1",
    caughtBy: "leader: UpkeepTest.ALongWriteAheadLogThatEarlierLeadersLeftIsCheckpointed",
  },
  {
    name: "one full member does not flush its batch",
    file: "leader/leader.cc",
    from: "if (queued.request.durability == Durability::kFull) batch.flush = true;",
    to: "batch.flush = queued.request.durability == Durability::kFull && batch.requests.empty();",
    caughtBy: "leader: BatchTest.OneFullMemberFlushesTheBatch",
  },
  {
    name: "relaxed appends are never flushed",
    file: "leader/leader.cc",
    from: "now - *relaxed_since_ >= options_.relaxed_flush) flush_wanted_ = true;",
    to: "now - *relaxed_since_ >= options_.relaxed_flush) flush_wanted_ = false;",
    caughtBy: "leader: BatchTest.ARelaxedAppendIsAnsweredUnflushedAndFlushedWithinItsBound",
  },
  {
    name: "speaks without a lease",
    file: "leader/leader_publish.cc",
    from: "!outgoing_.empty() && !lease_.valid(now_.monotonic)",
    to: "false",
    caughtBy: "leader: LeaderLeaseTest.APublicationWaitsForTheAnswer",
  },
  {
    name: "the lease counts from the answer, not from the question",
    file: "leader/leader.cc",
    from: "lease_.seen(input.began);",
    to: "lease_.seen(now_.monotonic);",
    caughtBy: "leader: LeaderLeaseTest.ALeaseCountsFromTheQuestionNotFromTheAnswer",
  },
  {
    name: "hears messages of another term",
    file: "leader/leader_messages.cc",
    from: "if (!seeks && message.term != term_) {",
    to: "if (!seeks && message.term < term_ && false) {",
    caughtBy: "leader: JoinTest.WhatIsOfAnotherStoreOrTermIsDropped",
  },
  {
    name: "the session table is not restored",
    file: "leader/leader.cc",
    from: "sessions_(std::move(recovered.sessions), std::chrono::microseconds{0}),",
    to: "sessions_(SessionTable{}, std::chrono::microseconds{0}),",
    caughtBy: "leader: LeaderSessionsTest.TheNextLeaderAnswersWhatTheFirstHadLogged",
  },
  {
    name: "takes requests across a gap",
    file: "leader/sessions.cc",
    from: "if (n > expected) return Gap{expected};",
    to: "if (n > expected && false) return Gap{expected};",
    caughtBy: "leader: SessionsTest.TakesRequestsStrictlyInOrder",
  },
  {
    name: "a repetition that waits for its publication is answered",
    file: "leader/sessions.cc",
    from: "if (last > published) return Ignore{};",
    to: "if (last > published && false) return Ignore{};",
    caughtBy: "leader: SessionsTest.ALoggedRequestIsAnsweredOncePublished",
  },
  {
    name: "what an earlier leader rejected is sequenced again",
    file: "leader/sessions.cc",
    from: "if (n <= std::max(live.judged_through, live.lost_through)) return Reply{lost(request)};",
    to: "if (n <= live.lost_through) return Reply{lost(request)};",
    caughtBy:
      "leader: SessionsTest.OneBehindALoggedNumberWithoutAnEntryWasRejectedByAnEarlierLeader",
  },
  {
    name: "exclusive use never ends by itself",
    file: "leader/leader.cc",
    from: "if (until && *until <= now_.monotonic) drop_exclusive(ClientId{exclusive_.front().tab.tab});",
    to: "if (until && *until < std::chrono::microseconds{0}) return;",
    caughtBy: "leader: ExclusiveTest.IsOverAfterItsTime",
  },
  {
    name: "requests of others are taken during exclusive use",
    file: "leader/leader.cc",
    from: "return exclusive_.empty() || exclusive_.front().tab.tab == queued.client;",
    to: "return !queued.client.is_zero();",
    caughtBy: "leader: ExclusiveTest.OthersWaitUntilTheTransactionHasHadItsTurn",
  },
  {
    name: "a transaction's reads are not read again",
    file: "storage/sequence.cc",
    from: "if (auto passed = check_reads(core, item.reads); !passed) return fail(passed.error());",
    to: "if (auto passed = check_reads(core, {}); !passed) return fail(passed.error());",
    caughtBy: "storage: SequenceTest.ATransactionIsAConflictWhereItsReadsHaveChanged",
  },
  {
    name: "what is rolled back does not count as changed",
    file: "storage/digest.cc",
    from: "changes_.tables.insert(change.name);",
    to: "",
    caughtBy: "web: OverlayTest.TheTablesThatItTouchesCountAsChangedWhenItComesAndWhenItGoes",
  },
  {
    name: "a watch is told more before its page has taken the last rows",
    file: "web/host/watches.cc",
    from: "hash == watch.known ? State::kIdle : State::kTold",
    to: "State::kIdle",
    caughtBy: "web: WatchesTest.NothingMoreIsToldUntilThePageHasTakenTheLast",
  },
  {
    name: "a committed append is still shown as pending",
    file: "web/host/overlay.cc",
    from: "if (is_in(each->first)) continue;",
    to: "if (!is_in(each->first) && known == nullptr && each->first < RequestNumber{}) continue;",
    caughtBy: "web: OverlayTest.IsNotSeenTwiceOnceItIsCommitted",
  },
  {
    name: "a closed session is served",
    file: "leader/sessions.cc",
    from: "if (logged.closed) return Closed{};",
    to: "",
    caughtBy: "leader: LeaderSessionsTest.ATabWhoseLockIsGoneHasItsSessionClosedByTheLog",
  },
  {
    name: "a session is closed without a tombstone",
    file: "log/session_table.cc",
    from: "sessions_[close->client].closed = entry.term;",
    to: "sessions_.erase(close->client);",
    caughtBy: "log: SessionTableTest.ClosedSessionIsATombstoneUntilTheNextTerm",
  },
  {
    name: "a poisonous request is tried for ever",
    file: "leader/leader.cc",
    from: "if (deaths >= options_.poison_reject_deaths) {",
    to: "if (deaths >= 1000) {",
    caughtBy: "leader: BatchTest.ARequestThatSawThreeLeadersEndIsRejected",
  },
  {
    name: "a suspect request does not run alone",
    file: "leader/leader.cc",
    from: "const bool poisonous = deaths >= options_.poison_alone_deaths;",
    to: "const bool poisonous = false;",
    caughtBy: "leader: BatchTest.ARequestThatSawTwoLeadersEndRunsAlone",
  },
  {
    name: "without room the control entries of the batch are lost",
    file: "leader/leader.cc",
    from: "std::ranges::move(batch.controls,\n                    std::back_inserter(controls_));",
    to: "",
    caughtBy: "leader: BatchTest.AControlEntrySurvivesTheBatchThatHadNoRoom",
  },
  {
    name: "linearizable reads are told what was published when they asked",
    file: "leader/leader_publish.cc",
    from: "if (auto* read = std::get_if<ReadIndex>(&message.body)) read->index = published_;",
    to: "if (auto* read = std::get_if<ReadIndex>(&message.body)) read->index = durable_;",
    caughtBy: "leader: PublishTest.ALinearizableReadIsToldWhatIsPublishedByThen",
  },
  {
    name: "a tab that does not acknowledge is fed without end",
    file: "leader/subscribers.cc",
    from: "subscriber.unacknowledged_bytes > window_bytes_",
    to: "subscriber.unacknowledged_bytes > UINT64_MAX - 1",
    caughtBy: "leader: PublishTest.ATabThatDoesNotAcknowledgeGetsOneHeadThenNothingUntilItAsks",
  },

  // ---- the replica and the page
  {
    name: "hears a deposed leader",
    file: "replica/replica_messages.cc",
    from: "if (message.term < term_ || message.term == Term{}",
    to: "if (message.term == Term{}",
    caughtBy: "replica: FollowTest.ALowerTermIsNotHeard",
  },
  {
    name: "does not compare the chain",
    file: "replica/replica.cc",
    from: "return Index{index} == applied_ && chain != chain_; };",
    to: "return Index{index} == applied_ && false; };",
    caughtBy: "replica: FollowTest.AnotherHistoryInARangeIsSeenAndAllIsThrownAway",
  },
  {
    name: "a divergence is not looked at",
    file: "replica/replica.cc",
    from: "const bool differs = expected_digest_ && *expected_digest_ != input.digest;",
    to: "const bool differs = expected_digest_ && *expected_digest_ != input.digest && false;",
    caughtBy: "replica: DisputeTest.TheLeaderIsAskedBeforeAnythingIsThrownAway",
  },
  {
    name: "nothing is sent again to a new leader",
    file: "replica/outbox.cc",
    from: "    suspects_ = suspects_ || pending.request.leader_deaths >= kSuspectDeaths;\n    pending.sent.reset();",
    to: "    suspects_ = suspects_ || pending.request.leader_deaths >= kSuspectDeaths;",
    caughtBy: "replica: SendTest.ANewLeaderGetsWhatIsUnanswered",
  },
  {
    name: "an append is settled before it is applied here",
    file: "replica/outbox.cc",
    from: "if (accepted.first_index.value + accepted.count > applied.value + 1) break;",
    to: "if (accepted.first_index.value > applied.value + 1000) break;",
    caughtBy: "replica: OutboxTest.SettlesInOrderAndOnlyWhatIsApplied",
  },
  {
    name: "a query does not wait for what this tab has appended",
    file: "replica/replica_calls.cc",
    from: "if ((!ready_ || behind) && !local) return false;",
    to: "if (!ready_ && !local) return false;",
    caughtBy: "replica: CallsTest.ReadsWaitForWhatThePageWasToldOfItsOwnAppends",
  },
  {
    name: "a linearizable query does not ask the leader",
    file: "replica/replica_calls.cc",
    from: "if (!asks_leader() && input.consistency != Consistency::kLinearizable)",
    to: "if (!asks_leader())",
    caughtBy: "replica: CallsTest.ALinearizableQueryWaitsForTheLeadersIndexAndForItsEntries",
  },
  {
    name: "a new worker is sent the unanswered with new numbers",
    file: "web/src/session.ts",
    from: "for (const [number, sent] of this.#unanswered) this.#writeSent(writer, number, sent, false);",
    to: "for (const [, sent] of [...this.#unanswered]) this.#writeSent(writer, ++this.#last, sent, false);",
    caughtBy:
      "typescript: a new worker gets what is unanswered with the same numbers, then what was never sent",
  },

  // ---- sequencing and the state
  {
    name: "a deferred foreign key is left to the commit",
    file: "storage/sequence.cc",
    from: "if (auto resolved = core.check_foreign_keys(); !resolved) return fail(resolved.error());\n  return entries;",
    to: "return entries;",
    caughtBy: "storage: EventTest.ADeferredForeignKeyIsRejectedBeforeItCouldFailTheCommit",
  },
  {
    name: "a transaction that was destroyed is not made again",
    file: "storage/sequence.cc",
    from: "if (core.transaction.destroyed()) {",
    to: "if (false) {",
    caughtBy: "storage: SequenceTest.OrRollbackTakesNothingOfItsNeighboursWithIt",
  },
  {
    name: "expectedIndex is not looked at",
    file: "storage/sequence.cc",
    from: "if (auto passed = check_guard(item, core.progress.last_app); !passed) return fail(passed.error());",
    to: "(void)check_guard;",
    caughtBy: "storage: SequenceTest.ExpectedIndexIsOfTheLastAppEntryEvenWithinTheBatch",
  },
  {
    name: "the digest is not rolled back with its savepoint",
    file: "storage/digest.cc",
    from: "at->second.sum = change.sum;",
    to: "(void)at->second.sum;",
    caughtBy: "storage: SequenceTest.AFailedEntryTakesTheWholeRequest",
  },
  {
    name: "time and randomness are the machine's",
    file: "storage/apply.cc",
    from: "const PinnedScope pinned({.time_ms = entry.time_ms, .seed = entry.seed});",
    to: "const PinnedScope pinned({.time_ms = entry.time_ms, .seed = reinterpret_cast<std::uintptr_t>(&entry)});",
    caughtBy: "storage: ApplyTest.TimeAndRandomnessAreTheEntrysInDefaultsAndTriggersToo",
  },
  {
    name: "last_insert_rowid is left from the entry before",
    file: "storage/apply.cc",
    from: "sqlite3_set_last_insert_rowid(db_, 0);",
    to: "",
    caughtBy: "storage: ApplyTest.LastInsertRowidBeginsAtZeroInEveryEntry",
  },
  {
    name: "a statement may run for ever",
    file: "storage/sequence.cc",
    from: "migrates ? 0 : core.steps_max);",
    to: "migrates ? 0 : 0);",
    caughtBy: "storage: EventTest.ASequenceOfTypesOfOneStatementStopsAtTheStepLimit",
  },
  {
    name: "a database of another history is believed",
    file: "storage/store.cc",
    from: "if (*chain != state->chain())",
    to: "if (false)",
    caughtBy: "storage: StoreTest.ADatabaseOfAnotherHistoryIsCorrupt",
  },

  // ---- the log
  {
    name: "a commit frame without the last entry",
    file: "storage/log_files_write.cc",
    from: "                       .last = last.index,",
    to: "                       .last = {last.index.value - (entries.size() > 1 ? 1 : 0)},",
    caughtBy: "storage_files: LogFilesTest.EntriesComeBackAfterReopening",
  },
  {
    name: "whatever does not verify is cut",
    file: "log/recovery.cc",
    from: "proof > end.log.index) {\n    Error error",
    to: "proof > end.log.index && false) {\n    Error error",
    caughtBy: "log: FindEndTest.BatchWithoutItsCommitIsDamageWhereItIsProven",
  },
  {
    name: "a torn segment is written again",
    file: "storage/log_files.cc",
    from: "last.torn = true;",
    to: "last.torn = false;",
    caughtBy: "storage_files: LogFilesTest.TornLogWithoutASpareSlotIsReadUntilThereIsOne",
  },
  {
    name: "recovery does not flush",
    file: "storage/log_files.cc",
    from: "    offset += piece->size();\n  }\n  return flush_file(*last.slot.file);",
    to: "    offset += piece->size();\n  }\n  return {};",
    caughtBy: "storage_files: FailedFlushTest.BatchIsMadeGoodByRecovery",
  },
  {
    name: "recovery flushes what the cache holds as clean",
    file: "storage/log_files.cc",
    from: "if (const auto written = last.slot.file->write(offset, *piece); !written) {",
    to: "if (const Result<void> written{}; !written) {",
    caughtBy: "storage_files: FailedFlushTest.NewSegmentIsMadeGoodByRecovery",
  },
  {
    name: "a missing successor is not missed",
    file: "storage/log_files.cc",
    from: "if (end->seal) {",
    to: "if (end->seal && false) {",
    caughtBy: "storage_files: LogDamageTest.MissingSegmentIsCorrupt",
  },
  {
    name: "a segment whose header is damaged is taken for a free slot",
    file: "storage/log_slots.cc",
    from: "if (!*blank) {",
    to: "if (false) {",
    caughtBy: "storage_files: LogDamageTest.LostSegmentHeaderIsCorruptAndNotAnEmptyLog",
  },
  {
    name: "goes on after a failed flush",
    file: "storage/log_files_write.cc",
    from: "    ++flushes;\n  } else {\n    broken = true;\n  }",
    to: "    ++flushes;\n  }",
    caughtBy: "storage_files: LogFilesTest.AfterAFailedFlushNothingGoesOn",
  },
  {
    name: "the salt is the same each time",
    file: "storage/log_files_write.cc",
    from: "return hash64(bytes, seed);",
    to: "return hash64(bytes, seed * 0);",
    caughtBy: "storage_files: LogFilesTest.SaltsDifferEachTimeALogIsOpened",
  },

  // ---- the state's commit, and the fork of a generation
  {
    name: "the state commits what the log has not flushed",
    file: "leader/leader.cc",
    from: "return committed_ < sequenced_ && durable_ == sequenced_ && !in_flight_;",
    to: "return committed_ < sequenced_ && !in_flight_;",
    caughtBy: "leader: BatchTest.ARelaxedAppendIsAnsweredUnflushedAndFlushedWithinItsBound",
  },
  {
    name: "a successor may have any number of batches to replay",
    file: "leader/leader.cc",
    from: "uncommitted_batches_ >= options_.commit_batches ||",
    to: "false ||",
    caughtBy: "leader: BatchTest.ASuccessorNeverHasMoreToReplayThanSoManyBatches",
  },
  {
    name: "a lock is stolen from a leader that answers",
    file: "node/fork.cc",
    from: "if (stopped_ && message.from.tab == *stopped_) end_fork();",
    to: "if (!stopped_ && message.from.tab == self_) end_fork();",
    caughtBy: "node: ForkTest.AnyWordOfThatTabEndsTheAttempt",
  },
  {
    name: "a fork does not wait for the old leader's lease",
    file: "node/node.cc",
    from: "fork_at_ = now_.monotonic + options_.leader.lease + options_.lease_margin;",
    to: "fork_at_ = now_.monotonic;",
    caughtBy: "node: ForkTest.TheFilesAreOpenedWhenTheLeaseOfTheOldLeaderIsOver",
  },
  {
    name: "any answer is taken for the one about what the page was told",
    file: "replica/replica_calls.cc",
    from: "if (head_check_ && head_check_->call == message.call) {",
    to: "if (head_check_) {",
    caughtBy: "replica: CallsTest.AnEntryThatThePageKnowsOfAndNoLeaderHasIsARollback",
  },
];
