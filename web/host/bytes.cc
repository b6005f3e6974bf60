#include "web/host/bytes.h"

#include "log/overloaded.h"

namespace tablog::host {
namespace {

enum Tag : std::uint8_t { kNull = 0, kInt64 = 1, kFloat64 = 2, kText = 3, kBlob = 4, kInt32 = 5 };

}  // namespace

void Writer::value(const Value& value) {
  std::visit(Overloaded{
                 [&](std::monostate) { u8(kNull); },
                 [&](std::int64_t number) {
                   u8(kInt64);
                   i64(number);
                 },
                 [&](double number) {
                   u8(kFloat64);
                   f64(number);
                 },
                 [&](const std::string& words) {
                   u8(kText);
                   text(words);
                 },
                 [&](const Bytes& blob) {
                   u8(kBlob);
                   bytes(blob);
                 },
             },
             value);
}

void Writer::args(const std::vector<Argument>& args) {
  u32(static_cast<std::uint32_t>(args.size()));
  for (const Argument& arg : args) {
    text(arg.name);
    value(arg.value);
  }
}

void Writer::error(const Error& error) {
  u8(static_cast<std::uint8_t>(error.code));
  text(error.message);
  boolean(error.index.has_value());
  if (error.index) u64(error.index->value);
  boolean(error.offset.has_value());
  if (error.offset) u64(*error.offset);
}

ByteView Reader::take(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

Value Reader::value() {
  switch (u8()) {
    case kNull:
      return {};
    case kInt64:
      return i64();
    case kFloat64:
      return f64();
    case kText:
      return text();
    case kBlob: {
      const ByteView view = bytes();
      return Bytes(view.begin(), view.end());
    }
    case kInt32:
      return static_cast<std::int64_t>(static_cast<std::int32_t>(u32()));
    default:
      fail();
      return {};
  }
}

std::vector<Argument> Reader::args() {
  constexpr std::size_t kArgumentBytesMin = 5;  // an empty name, null
  std::vector<Argument> args(count(kArgumentBytesMin));
  for (Argument& arg : args) {
    arg.name = text();
    arg.value = value();
  }
  return args;
}

Error Reader::error() {
  Error error;
  const std::uint8_t code = u8();
  if (!is_error_code(code)) fail();  // it would go on to tabs that know no such code
  error.code = static_cast<ErrorCode>(code);
  error.message = text();
  error.index = option_index();
  if (boolean()) error.offset = u64();
  return error;
}

}  // namespace tablog::host
