#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "log/codec.h"
#include "tools/describe.h"
#include "tools/json_fields.h"
#include "tools/json_line.h"
#include "tools/log_lines.h"

namespace tablog::tools {

namespace {

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kAny32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kSchemaListMax = 100'000;  // as decode_entry()

Index index_in(JsonFields& fields, const char* name) {
  return {fields.unsigned_integer(name, kIndexMax.value)};
}

std::uint32_t small_in(JsonFields& fields, const char* name) {
  return static_cast<std::uint32_t>(fields.unsigned_integer(name, kAny32));
}

// ---- the body

std::vector<Argument> arguments_in(JsonFields& fields, const char* name) {
  const Json& all = fields.take(name);
  std::vector<Argument> arguments;
  if ((!all.is_object() && !all.is_array()) || all.size() > kArgumentsMax) {
    fields.fail(name, "is not an object, or an array of pairs, of at most " +
                          std::to_string(kArgumentsMax));
    return arguments;
  }
  arguments.reserve(all.size());
  if (const auto* members = all.get_ptr<const Json::object_t*>()) {
    for (const auto& [key, value] : *members) {
      if (std::ranges::find(arguments, key, &Argument::name) != arguments.end()) {
        fields.fail(name, "has a name twice: that takes pairs");
      }
      arguments.push_back({key, fields.value_of(value, name + ("." + key))});
    }
    return arguments;
  }
  for (const Json& pair : all) {
    if (!pair.is_array() || pair.size() != 2) {
      fields.fail(name, "has something in it that is not a pair of name and value");
      break;
    }
    std::string key = fields.text_of(pair[0], name);
    arguments.push_back({std::move(key), fields.value_of(pair[1], name)});
  }
  return arguments;
}

// Rows of `columns` each, or a complaint.
const Json& rows_in(JsonFields& fields, const char* name, std::size_t columns) {
  const Json& rows = fields.array(name, kSchemaListMax);
  const bool regular = std::ranges::all_of(
      rows, [&](const Json& row) { return row.is_array() && row.size() == columns; });
  static const Json kNone = Json::array();
  if (regular) return rows;
  fields.fail(name, "has something in it that is not " + std::to_string(columns) + " values");
  return kNone;
}

Schema schema_in(const Json& object, std::string& error) {
  JsonFields fields(object, "schema.", error);
  Schema schema{.version = small_in(fields, "version")};
  for (const Json& migration : fields.array("migrations", kSchemaListMax)) {
    schema.migrations.push_back(fields.text_of(migration, "migrations"));
  }
  for (const Json& row : rows_in(fields, "events", 2)) {
    schema.materializers.push_back(
        {fields.text_of(row[0], "events"), fields.text_of(row[1], "events")});
  }
  for (const Json& row : rows_in(fields, "upcasters", 3)) {
    schema.upcasters.push_back(
        {fields.text_of(row[0], "upcasters"),
         static_cast<std::uint32_t>(fields.unsigned_of(row[1], "upcasters", kAny32)),
         fields.text_of(row[2], "upcasters")});
  }
  schema.flags = small_in(fields, "flags");
  schema.engine = fields.text("engine");
  schema.compile_options = fields.text("compileOptions");
  schema.profile_hash = fields.hex64("profileHash");
  fields.finish();
  return schema;
}

EntryBody body_in(JsonFields& fields, std::string& error) {
  const std::string kind = fields.text("kind");
  if (kind == "event") {
    std::string type = fields.text("type");
    return Event{.type = std::move(type), .args = arguments_in(fields, "args")};
  }
  if (kind == "exec") {
    std::string sql = fields.text("sql");
    auto params = arguments_in(fields, "params");
    return Exec{
        .sql = std::move(sql), .params = std::move(params), .changes = fields.integer("changes")};
  }
  if (kind == "void") return Void{};
  if (kind == "term") return TermStart{fields.id<ClientId>("leader")};
  if (kind == "schema") return schema_in(fields.object("schema"), error);
  if (kind == "checkpoint") return CheckpointMark{{fields.unsigned_integer("checkpoint", kAny)}};
  if (kind == "close") return SessionClose{fields.id<ClientId>("closed")};
  fields.fail("kind", "is none that a log has");
  return Void{};
}

std::optional<RequestStamp> stamp_in(JsonFields& fields) {
  const auto client = fields.id_or_null<ClientId>("client");
  if (!client) return std::nullopt;
  RequestStamp stamp{.client = *client};
  stamp.number = {fields.unsigned_integer("request", kAny)};
  stamp.position = small_in(fields, "position");
  stamp.count = small_in(fields, "count");
  stamp.settled_through = {fields.unsigned_integer("settledThrough", kAny)};
  stamp.request_hash = fields.hex64("requestHash");
  return stamp;
}

// ---- the lines

std::unexpected<Error> malformed(std::string what) {
  return fail(ErrorCode::kMalformed, std::move(what));
}

// What the entry was read from is what it says, to the last bit: NaN differs from itself, so the
// bytes decide where the values do not.
bool is_same(const Entry& decoded, const Entry& entry) {
  if (decoded == entry) return true;
  const auto one = encode_entry(decoded);
  const auto other = encode_entry(entry);
  return one && other && *one == *other;
}

Result<Line> entry_line_in(const Json& line) {
  std::string error;
  JsonFields fields(line, "", error);
  EntryLine read{.entry = {.index = index_in(fields, "index")}};
  Entry& entry = read.entry;
  entry.term = {fields.unsigned_integer("term", kAny)};
  entry.time_ms = fields.integer("time");
  entry.wall_ms = fields.integer("wallTime");
  entry.seed = fields.hex64("seed");
  entry.schema_version = small_in(fields, "schemaVersion");
  entry.request = stamp_in(fields);
  entry.body = body_in(fields, error);
  const bool given = fields.has("encoded");
  if (given) read.encoded = fields.bytes("encoded");
  fields.finish();
  if (!error.empty()) return malformed(error);
  if (!given) {
    auto encoded = encode_entry(entry);
    if (!encoded) return malformed(encoded.error().message);
    read.encoded = *std::move(encoded);
  }
  const auto decoded = decode_entry(read.encoded);
  if (!decoded) return malformed("no log can hold this entry: " + decoded.error().message);
  if (!is_same(*decoded, entry)) {
    return malformed("\"encoded\" is another entry than the line says");
  }
  return read;
}

Result<Line> header_line_in(const Json& line) {
  std::string error;
  JsonFields fields(line, "", error);
  if (fields.text("format") != kLinesFormat) return malformed("not an exported log");
  const auto version = fields.unsigned_integer("version", kAny32);
  if (error.empty() && version > kLinesVersion) {
    return fail(ErrorCode::kNewerFormat, "the export is in version " + std::to_string(version) +
                                             " of its format; this " + "program reads up to " +
                                             std::to_string(kLinesVersion));
  }
  HeaderLine header{.store = fields.id<StoreId>("store")};
  header.generation = {fields.unsigned_integer("generation", kAny)};
  JsonFields before(fields.object("before"), "before.", error);
  header.before.index = index_in(before, "index");
  header.before.chain = before.id<ChainHash>("chain");
  header.before.term = {before.unsigned_integer("term", kAny)};
  header.before.time_ms = before.integer("time");
  header.before.digest = before.id_or_null<Digest>("digest");
  before.finish();
  header.base_bytes = fields.unsigned_integer("baseBytes", kIndexMax.value);
  fields.finish();
  return error.empty() ? Result<Line>(header) : malformed(error);
}

Result<Line> base_line_in(const Json& line) {
  std::string error;
  JsonFields fields(line, "", error);
  BaseLine base{.piece = fields.bytes("base")};
  if (base.piece.size() > kBasePieceBytes || base.piece.empty()) {
    fields.fail("base", "is not 1 to " + std::to_string(kBasePieceBytes) + " bytes");
  }
  fields.finish();
  return error.empty() ? Result<Line>(std::move(base)) : malformed(error);
}

Result<Line> commit_line_in(const Json& line) {
  std::string error;
  JsonFields fields(line, "", error);
  JsonFields inner(fields.object("commit"), "commit.", error);
  CommitLine commit{.first = index_in(inner, "first")};
  commit.last = index_in(inner, "last");
  commit.chain = inner.id<ChainHash>("chain");
  commit.digest = inner.id<Digest>("digest");
  inner.finish();
  fields.finish();
  return error.empty() ? Result<Line>(commit) : malformed(error);
}

Result<Line> end_line_in(const Json& line) {
  std::string error;
  JsonFields fields(line, "", error);
  JsonFields inner(fields.object("end"), "end.", error);
  EndLine end{.entries = inner.unsigned_integer("entries", kIndexMax.value)};
  end.last = index_in(inner, "last");
  end.chain = inner.id<ChainHash>("chain");
  inner.finish();
  fields.finish();
  return error.empty() ? Result<Line>(end) : malformed(error);
}

}  // namespace

Result<Line> read_line(std::string_view text) {
  const auto line = parse_line(text);
  if (!line) return fail(line.error());
  if (!line->is_object()) return malformed("not an object");
  if (line->contains("index")) return entry_line_in(*line);
  if (line->contains("commit")) return commit_line_in(*line);
  if (line->contains("base")) return base_line_in(*line);
  if (line->contains("format")) return header_line_in(*line);
  if (line->contains("end")) return end_line_in(*line);
  return malformed("neither an entry, nor a commit, nor anything else that an export has");
}

}  // namespace tablog::tools
