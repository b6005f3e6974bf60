#include "tests/simulator/words.h"

#include <optional>
#include <vector>

#include "log/codec.h"
#include "log/overloaded.h"
#include "log/payload.h"

namespace tablog::simulator {
namespace {

std::string range(std::uint64_t first, std::uint64_t last) {
  return std::to_string(first) + (last > first ? ".." + std::to_string(last) : "");
}

std::string words(const AppendRequests& message) {
  std::string text = "AppendRequests";
  for (const AppendRequest& request : message.requests) {
    text += " #" + std::to_string(request.number.value);
    if (std::holds_alternative<Void>(request.payload)) text += "(void)";
    if (request.leader_deaths > 0) text += "(deaths " + std::to_string(request.leader_deaths) + ")";
  }
  return text + ", settled " + std::to_string(message.requests.front().settled_through.value);
}

std::string words_of_entry(const Bytes& bytes, const NameOf& name_of) {
  const auto entry = decode_entry(bytes);
  if (!entry) return "?";
  if (entry->request) {
    return name_of(entry->request->client) + '#' + std::to_string(entry->request->number.value) +
           (std::holds_alternative<Void>(entry->body) ? "(void)" : "");
  }
  return std::visit(
      Overloaded{[](const TermStart&) { return std::string("term start"); },
                 [](const Schema& schema) { return "schema " + std::to_string(schema.version); },
                 [&](const SessionClose& close) { return "close of " + name_of(close.client); },
                 [](const CheckpointMark&) { return std::string("checkpoint"); },
                 [](const auto&) { return std::string("entry"); }},
      entry->body);
}

std::string words(const Committed& message, const NameOf& name_of) {
  std::string text = "Committed, head " + std::to_string(message.head.value);
  if (message.entries.empty()) return text;
  text += ": " + range(message.previous.value + 1, message.previous.value + message.entries.size());
  text += " =";
  for (const auto& bytes : message.entries) text += ' ' + words_of_entry(*bytes, name_of);
  return text;
}

std::string words(const Answers& message) {
  std::string text = "Answers";
  for (const Answer& answer : message.answers) {
    text += " #" + std::to_string(answer.number.value);
    if (const auto* accepted = std::get_if<Accepted>(&answer.result)) {
      text += (accepted->voided ? " void at " : " at ") +
              range(accepted->first_index.value, accepted->first_index.value + accepted->count - 1);
    } else {
      text += " (" + std::get<Error>(answer.result).message + ')';
    }
  }
  return text;
}

}  // namespace

std::string words_of(const MessageBody& body, const NameOf& name_of) {
  return std::visit(
      Overloaded{
          [](const AppendRequests& message) { return words(message); },
          [&](const Committed& message) { return words(message, name_of); },
          [](const Answers& message) { return words(message); },
          [](const Announce& message) {
            return "Announce, head " + std::to_string(message.head.value);
          },
          [](const Join& message) {
            return "Join at " + std::to_string(message.applied.value) + ", schema " +
                   std::to_string(message.schema.version);
          },
          [](const ResendFrom& message) {
            return "ResendFrom #" + std::to_string(message.number.value);
          },
          [](const CloseSession&) { return std::string("CloseSession"); },
          [](const SessionClosed&) { return std::string("SessionClosed"); },
          [](const SchemaRefused& message) { return "SchemaRefused: " + message.error.message; },
          [](const LeaderFailed& message) { return "LeaderFailed: " + message.error.message; },
          [](const DigestDispute&) { return std::string("DigestDispute"); },
          [](const auto&) { return std::string(); },
      },
      body);
}

}  // namespace tablog::simulator
