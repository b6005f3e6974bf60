// An image that comes in pieces, of whatever sizes.
#include "storage/image_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;

class ImageIntakeTest : public testing::Test {
 protected:
  ImageIntakeTest() : leader_(database()) {
    for (std::int64_t id = 1; id <= 200; ++id)
      (void)run(*leader_, {added(id, std::string(500, 'x') + std::to_string(id))});
    EXPECT_TRUE(leader_->commit());
    image_ = leader_->snapshot().value();
  }

  // All of the image, in pieces of so many bytes.
  static Result<std::unique_ptr<StateDatabase>> take(ByteView image, std::size_t piece,
                                                     std::uint64_t said) {
    auto intake = ImageIntake::begin(said);
    if (!intake) return fail(intake.error());
    for (std::size_t at = 0; at < image.size(); at += piece) {
      const Bytes copy(
          image.begin() + static_cast<std::ptrdiff_t>(at),
          image.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, image.size())));
      if (auto added = (*intake)->add(copy); !added) return fail(added.error());
    }
    return StateDatabase::from_intake(**intake);
  }

  std::unique_ptr<StateDatabase> leader_;
  Bytes image_;
};

TEST_F(ImageIntakeTest, TheStateIsTheSameWhateverThePieces) {
  for (const std::size_t piece : {std::size_t{1} << 20U, std::size_t{4096}, std::size_t{12288},
                                  std::size_t{1000}, std::size_t{4097}, std::size_t{10000}}) {
    auto replica = take(image_, piece, image_.size());
    ASSERT_TRUE(replica) << piece << ": " << replica.error().message;
    EXPECT_EQ((*replica)->digest(), leader_->digest());
    EXPECT_EQ((*replica)->applied(), leader_->applied());
    EXPECT_EQ((*replica)->bytes(), image_.size());
    const Bytes copy = (*replica)->snapshot().value();
    constexpr std::size_t kHeaderBytes = 100;  // it counts changes, and this was one
    EXPECT_TRUE(std::ranges::equal(ByteView(copy).subspan(kHeaderBytes),
                                   ByteView(image_).subspan(kHeaderBytes)));
  }
}

TEST_F(ImageIntakeTest, AStateThatWasTakenInGoesOn) {
  auto replica = take(image_, 8192, image_.size());
  ASSERT_TRUE(replica);
  replay(**replica, entries(run(*leader_, {added(1000, "more")})));
  EXPECT_EQ((*replica)->digest(), leader_->digest());
}

TEST_F(ImageIntakeTest, WhatIsCutLongerOrOfAnotherShapeIsCorrupt) {
  const auto code = [](const Result<std::unique_ptr<StateDatabase>>& taken) {
    return taken ? std::optional<ErrorCode>{} : taken.error().code;
  };
  constexpr std::size_t kPiece = 8192;
  const ByteView cut = ByteView(image_).first(image_.size() - 4096);
  EXPECT_EQ(code(take(cut, kPiece, image_.size())), ErrorCode::kCorrupt);
  EXPECT_EQ(code(take(cut, kPiece, cut.size())), ErrorCode::kCorrupt);
  EXPECT_EQ(code(take(image_, kPiece, image_.size() - 4096)), ErrorCode::kCorrupt);
  EXPECT_EQ(code(take(image_, kPiece, image_.size() + 4096)), ErrorCode::kCorrupt);
  EXPECT_EQ(code(take(image_, kPiece, image_.size() + 1)), ErrorCode::kCorrupt);
  Bytes longer = image_;
  longer.resize(image_.size() + 4096);
  EXPECT_EQ(code(take(longer, kPiece, longer.size())), ErrorCode::kCorrupt);
  Bytes nothing(image_.size());
  EXPECT_EQ(code(take(nothing, kPiece, nothing.size())), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tablog::storage
