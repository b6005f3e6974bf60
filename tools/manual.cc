#include "tools/manual.h"

#include <sstream>

#include "tools/command_line.h"
#include "tools/words.h"

namespace tablog::tools {

namespace {

// Text that roff prints as it is: a hyphen is not a minus, and a line must not begin as a request.
std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '"') {
      out += "\\(dq";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) {
  return "\\fB" + roff(text) + "\\fR";
}
std::string italic(std::string_view text) {
  return "\\fI" + roff(text) + "\\fR";
}

// A paragraph's lines, and an empty line as a new paragraph.
std::string paragraphs(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out += line.empty() ? std::string(".PP") : roff(line);
    out += '\n';
  }
  return out;
}

std::string examples(const std::string& text) {
  return ".PP\n.nf\n" + roff(text) + "\n.fi\n";
}

std::string tagged(const std::string& tag, const std::string& text) {
  return ".TP\n" + tag + "\n" + text + "\n";
}

std::string option_tag(const Option& option) {
  std::string tag;
  for (const std::string& name : names_of(option)) {
    tag += (tag.empty() ? "" : ", ") + bold(name);
  }
  return option.value.empty() ? tag : tag + " " + italic(option.value);
}

// The choices too, where the help does not name them itself.
std::string option_text(const Option& option) {
  std::string choices;
  bool all_named = true;
  for (const std::string& choice : option.choices) {
    choices += (choices.empty() ? "" : ", ") + bold(choice);
    all_named = all_named && option.help.contains(choice);
  }
  return roff(option.help) + "." + (all_named ? "" : "\nOne of " + choices + ".");
}

std::string synopsis(const Verb& verb, const Words& words) {
  std::string line = "\\fBtablog " + roff(verb.name) + "\\fR";
  for (const Positional& each : words.positionals) {
    line += each.presence == Presence::kRequired ? " " + italic(each.name)
                                                 : " [" + italic(each.name) + "]";
  }
  return line + (words.options.empty() ? "" : " [" + italic("OPTION") + "]...");
}

std::string verb_section(const Verb& verb) {
  const Words words = words_of(verb);
  std::string out =
      ".SS " + roff(verb.name) + "\n" + synopsis(verb, words) + "\n.PP\n" + roff(verb.what) + ".\n";
  for (const Positional& each : words.positionals) {
    out += tagged(italic(each.name), roff(each.help) + ".");
  }
  for (const Option& option : words.options) {
    out += tagged(option_tag(option), option_text(option));
  }
  return out + examples(verb.examples);
}

constexpr const char* kOutput =
    "Data goes to standard output and everything else to standard error.\n"
    "The default, a table, is for people and may change.\n"
    "json is one document, with rows as an array; ndjson one line per row, or the document on one\n"
    "line; sql a script for sqlite3: a table, and an INSERT per row.\n"
    "Fields keep their names and meaning, and new ones may come at any place.";

constexpr const char* kReader =
    "A reader that leaves early ends the tool quietly, as it does every filter.";

}  // namespace

std::string manual_page(const std::vector<Verb>& verbs, const std::string& version) {
  std::string out = ".TH TABLOG 1 \"\" \"tablog " + roff(version) + "\" \"User Commands\"\n";
  out += ".SH NAME\ntablog \\- looks into the log of a store\n";
  out += ".SH SYNOPSIS\n\\fBtablog\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR]...\n";
  out += ".SH DESCRIPTION\n" + paragraphs(kDescription);
  out += ".SH OPTIONS\n" +
         tagged("\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Tell the verbs, or the options of a verb.") +
         tagged("\\fB\\-\\-version\\fR", "Tell the version.");
  out += ".SH VERBS\n";
  for (const Verb& verb : verbs) out += verb_section(verb);
  out += ".SH OUTPUT\n" + paragraphs(kOutput);
  out += ".SH EXIT STATUS\n" + paragraphs(kExitCodes) + ".PP\n" + paragraphs(kReader);
  out +=
      ".SH ENVIRONMENT\n" +
      tagged("\\fBNO_COLOR\\fR",
             "Where it is set and not empty, no colours. Without it, colours only on a terminal.") +
      tagged("\\fBTERM\\fR", "Where it is \\fBdumb\\fR or not set, no colours.");
  out += ".SH EXAMPLES\n" + examples(kExamples);
  return out;
}

}  // namespace tablog::tools
