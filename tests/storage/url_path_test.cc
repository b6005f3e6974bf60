// The expected pathnames are what `new URL(name, "file://localhost/").pathname` gives in Chromium,
// Firefox and Node.
#include "storage/url_path.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace tablog::storage {
namespace {

TEST(UrlPathTest, EncodesWhatAUrlParserEncodes) {
  EXPECT_EQ(url_pathname("/sp ace.db"), "/sp%20ace.db");
  EXPECT_EQ(url_pathname("state.db"), "/state.db");
  EXPECT_EQ(url_pathname("/a\"b<c>d`e{f}g\x7fh"), "/a%22b%3Cc%3Ed%60e%7Bf%7Dg%7Fh");
  EXPECT_EQ(url_pathname("/é🙂"), "/%C3%A9%F0%9F%99%82");
}

TEST(UrlPathTest, LeavesTheRestAlone) {
  for (const auto* name : {"/a|b[c]d'e~f%g=h&i+j;k:l@m$n*o(p!q", "/a%20b", "/a//b", "/a/", "/.a",
                           "/a.", "/...", "/c:/x"}) {
    EXPECT_EQ(url_pathname(name), name);
  }
}

TEST(UrlPathTest, RefusesWhatAUrlParserWouldRewrite) {
  for (const auto* name :
       {"",      "/",       "//host/path", "/a?b",  "/a#b",  "/a\\b",       "/a\tb",
        "/a\nb", " /a",     "/a ",         "/./a",  "/a/..", "/a/%2e%2E/b", "/.%2e",
        "..",    "file:/a", "c:/x",        "/c|/x", "c|",    "/a^b"}) {
    EXPECT_EQ(url_pathname(name), std::nullopt) << name;
  }
  EXPECT_EQ(url_pathname(std::string_view("/a\0b", 4)), std::nullopt);
}

TEST(UrlPathTest, EncodingTwiceChangesNothing) {
  const auto once = url_pathname("/sp ace é.db");
  ASSERT_TRUE(once);
  EXPECT_EQ(url_pathname(*once), once);
}

TEST(UrlPathTest, TheNameOfAPathnameLeadsBackToIt) {
  EXPECT_EQ(name_of_pathname("/sp%20ace.db"), "/sp ace.db");
  EXPECT_EQ(name_of_pathname("/%C3%A9"), "/é");
  EXPECT_EQ(name_of_pathname("/a%41"), "/a%41");  // decoded it would be another file
  EXPECT_EQ(name_of_pathname("/a%2fb%"), "/a%2fb%");
  EXPECT_EQ(name_of_pathname("no slash"), "no slash");
  EXPECT_EQ(name_of_pathname(""), "");
}

TEST(UrlPathTest, AnyBytesAreFine) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): a run that fails can be run again
  constexpr std::array kLikely{'/', '.', '%', '2', 'e', 'E', '0', ' ', '|', ':', 'c'};
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 12, '\0');
    for (auto& c : text)
      c = random() % 4 == 0 ? static_cast<char>(random()) : kLikely.at(random() % kLikely.size());
    const auto pathname = url_pathname(text);
    if (!pathname) continue;
    EXPECT_EQ(url_pathname(name_of_pathname(*pathname)), pathname) << text;
  }
}

}  // namespace
}  // namespace tablog::storage
