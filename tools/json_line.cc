#include "tools/json_line.h"

#include <cstring>
#include <vector>

namespace tablog::tools {

namespace {

// Builds the value; what nlohmann's own builder does not do is to stop at a bound, and to keep
// members of one name apart.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    why_ = "not JSON at byte " + std::to_string(position);
    return false;
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] Json take() { return std::move(root_); }

 private:
  Json* put(Json value) {
    if (++count_ > kLineValuesMax) {
      why_ = "more than " + std::to_string(kLineValuesMax) + " values";
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& in = *open_.back();
    if (in.is_array()) {
      return &in.get_ref<Json::array_t&>().emplace_back(std::move(value));
    }
    // Not operator[], which would search for the name.
    auto& members = in.get_ref<Json::object_t&>();
    members.emplace_back(std::move(name_), std::move(value));
    return &members.back().second;
  }

  bool add(Json value) { return put(std::move(value)) != nullptr; }

  // What is open stays where it is: nothing is added to a value while one within it is open.
  bool open(Json value) {
    if (open_.size() == kLineDepthMax) {
      why_ = "nested more than " + std::to_string(kLineDepthMax) + " deep";
      return false;
    }
    Json* const at = put(std::move(value));
    if (at != nullptr) open_.push_back(at);
    return at != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;
  std::string name_;
  std::size_t count_{};
  std::string why_;
};

}  // namespace

bool LineReader::fill() {
  in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  begin_ = 0;
  end_ = static_cast<std::size_t>(in_.gcount());
  return end_ > 0;
}

Result<std::optional<std::string_view>> LineReader::next() {
  ++number_;
  line_.clear();
  while (begin_ < end_ || fill()) {
    const char* const from = buffer_.data() + begin_;
    const std::size_t left = end_ - begin_;
    const auto* const found = static_cast<const char*>(std::memchr(from, '\n', left));
    const std::size_t bytes = found == nullptr ? left : static_cast<std::size_t>(found - from);
    if (line_.size() + bytes > kLineBytesMax) {
      return fail(ErrorCode::kMalformed, "longer than " + std::to_string(kLineBytesMax) + " bytes");
    }
    begin_ += bytes + (found == nullptr ? 0 : 1);
    if (found != nullptr && line_.empty()) {
      return std::string_view(from, bytes);
    }
    line_.append(from, bytes);
    if (found != nullptr) {
      return line_;
    }
  }
  if (in_.bad()) {
    return fail(ErrorCode::kStorageUnavailable, "it cannot be read any further");
  }
  return line_.empty() ? std::nullopt : std::optional<std::string_view>(line_);
}

Result<Json> parse_line(std::string_view text) {
  Builder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return fail(ErrorCode::kMalformed, builder.why());
  }
  return builder.take();
}

}  // namespace tablog::tools
