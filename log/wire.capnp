# Message: everything between the workers of the tabs, unpacked. Meaning: log/message.h, docs/protocol.md.
# All tabs of an origin may run different builds for a while: fields are only ever added.
@0xd90c2e7b4f1a6835;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tablog::wire");

using E = import "entry.capnp";

struct Message {
  store @0 :E.Id;
  term @1 :UInt64;
  fromTab @2 :E.Id;
  fromRole @3 :UInt8;

  union {
    appendRequests @4 :AppendRequests;
    seek @5 :Void;
    join @6 :Join;
    acknowledge @7 :UInt64;
    rangeRequest @8 :RangeRequest;
    readIndexRequest @9 :UInt64;
    queryRequest @10 :QueryRequest;
    transferRequest @11 :TransferRequest;
    checkpointRequest @12 :UInt64;
    statsRequest @13 :UInt64;
    closeSession @14 :E.Id;
    digestDispute @15 :UInt64;
    announce @16 :Announce;
    committed @17 :Committed;
    answers @18 :Answers;
    resendFrom @19 :ResendFrom;
    sessionClosed @20 :E.Id;
    range @21 :Range;
    readIndex @22 :ReadIndex;
    queryResult @23 :QueryResult;
    transferChunk @24 :TransferChunk;
    checkpointDone @25 :CheckpointDone;
    stats @26 :Stats;
    schemaRefused @27 :Error;
    leaderFailed @28 :Error;
    tabQuery @29 :UInt64;
    tabInfo @30 :TabInfo;
    exclusiveRequest @31 :ExclusiveRequest;
    compactRequest @32 :CompactRequest;
    adoptRequest @33 :AdoptRequest;
    maintenanceDone @34 :MaintenanceDone;
    tableDigests @35 :TableDigests;
    working @36 :Working;
  }
}

struct Optional64 {
  value @0 :UInt64;
}

struct Error {
  code @0 :UInt8;
  message @1 :Text;
  index @2 :Optional64;   # null: none
  offset @3 :Optional64;  # null: none
}

struct AppendRequests {
  client @0 :E.Id;
  requests @1 :List(AppendRequest);
}

struct AppendRequest {
  number @0 :UInt64;
  settledThrough @1 :UInt64;
  schemaVersion @2 :UInt32;
  durability @3 :UInt8;
  expectedIndex @4 :Optional64;  # null: none
  leaderDeaths @5 :UInt32;
  requestHash @6 :UInt64;
  payload @7 :E.Payload;
  reads @8 :List(ReadGuard);
}

struct ReadGuard {
  sql @0 :Text;
  params @1 :List(E.Argument);
  hash @2 :E.Id;
}

struct ExclusiveRequest {
  call @0 :UInt64;
  release @1 :Bool;
}

struct Join {
  applied @0 :UInt64;
  chain @1 :E.Id;
  wantsEntries @2 :Bool;
  schema @3 :E.Schema;
}

struct RangeRequest {
  call @0 :UInt64;
  from @1 :UInt64;
  to @2 :UInt64;
  bytesMax @3 :UInt32;
}

struct QueryRequest {
  call @0 :UInt64;
  notBefore @1 :UInt64;
  linearizable @2 :Bool;
  sql @3 :Text;
  params @4 :List(E.Argument);
}

struct TransferRequest {
  call @0 :UInt64;
  kind @1 :UInt8;
  transfer @2 :UInt64;
  offset @3 :UInt64;
  done @4 :Bool;
}

struct Announce {
  leader @0 :E.Id;
  head @1 :UInt64;
  chain @2 :E.Id;
}

struct Committed {
  previous @0 :UInt64;
  previousChain @1 :E.Id;
  entries @2 :List(Data);
  head @3 :UInt64;
  durable @4 :UInt64;
  checkpoint @5 :UInt64;
  digest @6 :E.Id;  # null: none
}

struct Accepted {
  firstIndex @0 :UInt64;
  count @1 :UInt32 = 1;
  term @2 :UInt64;
  timeMs @3 :Int64;
  voided @4 :Bool;
  changes @5 :Int64;
}

struct Answer {
  number @0 :UInt64;
  union {
    accepted @1 :Accepted;
    error @2 :Error;
  }
}

struct Answers {
  client @0 :E.Id;
  answers @1 :List(Answer);
}

struct ResendFrom {
  client @0 :E.Id;
  number @1 :UInt64;
}

struct Range {
  call @0 :UInt64;
  union {
    entries @1 :List(Data);
    error @2 :Error;
  }
  head @3 :UInt64;
}

struct ReadIndex {
  call @0 :UInt64;
  index @1 :UInt64;
}

struct QueryResult {
  call @0 :UInt64;
  union {
    rows @1 :Data;
    error @2 :Error;
  }
}

struct TransferChunk {
  call @0 :UInt64;
  transfer @1 :UInt64;
  offset @2 :UInt64;
  totalBytes @3 :UInt64;
  index @4 :UInt64;
  chain @5 :E.Id;
  union {
    bytes @6 :Data;
    error @7 :Error;
  }
}

struct CheckpointDone {
  call @0 :UInt64;
  union {
    index @1 :UInt64;
    error @2 :Error;
  }
}

struct Stats {
  call @0 :UInt64;
  json @1 :Text;
}

struct TabInfo {
  call @0 :UInt64;
  tab @1 :E.Id;
  role @2 :UInt8;
  visible @3 :Bool;
  applied @4 :UInt64;
}

struct CompactRequest {
  call @0 :UInt64;
  retainFrom @1 :UInt64;
  sinceMs @2 :Int64;
  keepBytes @3 :UInt64;
}

struct AdoptRequest {
  call @0 :UInt64;
  generation @1 :UInt64;
}

struct MaintenanceDone {
  call @0 :UInt64;
  union {
    index @1 :UInt64;
    error @2 :Error;
  }
}

struct TableDigests {
  index @0 :UInt64;
  tables @1 :List(TableDigest);
}

struct TableDigest {
  name @0 :Text;
  digest @1 :E.Id;
}

struct Working {
  done @0 :UInt64;
  total @1 :UInt64;
}
