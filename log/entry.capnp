# Entry: the body of an entry frame, packed. Byte table: docs/log_format.md#entry.
# Fields are only ever added, at the end; a number once given keeps its meaning.
@0xb6d1f3a07c52e94d;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tablog::wire");

struct Entry {
  index @0 :UInt64;
  term @1 :UInt64;
  timeMs @2 :Int64;
  wallMinusTimeMs @3 :Int64;  # mostly 0, which packs to nothing
  seed @4 :UInt64;
  schemaVersion @5 :UInt32;
  request @6 :RequestStamp;   # null: a control entry

  union {
    event @7 :Event;
    exec @8 :Exec;
    withdrawn @9 :Void;
    termStart @10 :Id;        # of the leader
    schema @11 :Schema;
    checkpoint @12 :UInt64;
    sessionClose @13 :Id;
  }
}

struct Id {  # 16 bytes as written, in two little-endian words
  first @0 :UInt64;
  second @1 :UInt64;
}

struct RequestStamp {
  clientFirst @0 :UInt64;
  clientSecond @1 :UInt64;
  number @2 :UInt64;
  settledThrough @3 :UInt64;
  requestHash @4 :UInt64;
  position @5 :UInt32;
  count @6 :UInt32 = 1;
}

struct Event {
  type @0 :Text;
  args @1 :List(Argument);
}

struct Exec {
  sql @0 :Text;
  params @1 :List(Argument);
  changes @2 :Int64;  # not in a Payload: nobody knows them yet
}

struct Argument {
  name @0 :Text;
  union {
    none @1 :Void;
    integer @2 :Int64;
    float @3 :Float64;
    text @4 :Text;
    blob @5 :Data;
  }
}

struct Schema {
  version @0 :UInt32;
  flags @1 :UInt32;
  profileHash @2 :UInt64;
  migrations @3 :List(Text);
  materializers @4 :List(Materializer);
  upcasters @5 :List(Upcaster);
  engine @6 :Text;
  compileOptions @7 :Text;
}

struct Materializer {
  type @0 :Text;
  sql @1 :Text;
}

struct Upcaster {
  type @0 :Text;
  from @1 :UInt32;
  argsSql @2 :Text;
}

# What one request asks for. Its hash is RequestStamp.requestHash, so the layout is part of the log.
struct Payload {
  union {
    events @0 :List(Event);
    exec @1 :Exec;
    withdrawn @2 :Void;
  }
}
