// Words: a message in a line, for transcripts.
#pragma once

#include <functional>
#include <string>

#include "log/message.h"

namespace tablog::simulator {

using NameOf = std::function<std::string(const ClientId&)>;

// "AppendRequests #3..5", "Committed 7..9 of term 2, A #3..5": what decides over an interleaving,
// and neither hashes nor times. Nothing of messages that only ask how things stand: seeking,
// acknowledgements, reads, transfers.
[[nodiscard]] std::string words_of(const MessageBody& body, const NameOf& name_of);

}  // namespace tablog::simulator
