#include "storage/vfs_locks.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <optional>

namespace tablog::storage {
namespace {

using Connection = SharedFile::Connection;

TEST(VfsLocksTest, ManyReadOneWrites) {
  SharedFile file;
  Connection a(file);
  Connection b(file);
  EXPECT_EQ(a.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(b.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_FALSE(file.reserved());
  EXPECT_EQ(a.lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
  EXPECT_TRUE(file.reserved());
  EXPECT_EQ(b.lock(SQLITE_LOCK_RESERVED), SQLITE_BUSY);
  EXPECT_EQ(b.lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
  a.unlock(SQLITE_LOCK_SHARED);
  EXPECT_FALSE(file.reserved());
  EXPECT_EQ(b.lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
}

TEST(VfsLocksTest, AWriterThatWaitsForReadersLetsNoNewOnesIn) {
  SharedFile file;
  Connection writer(file);
  Connection reader(file);
  Connection late(file);
  ASSERT_EQ(reader.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  ASSERT_EQ(writer.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  ASSERT_EQ(writer.lock(SQLITE_LOCK_RESERVED), SQLITE_OK);
  EXPECT_EQ(writer.lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
  EXPECT_EQ(late.lock(SQLITE_LOCK_SHARED), SQLITE_BUSY);
  reader.unlock(SQLITE_LOCK_NONE);
  EXPECT_EQ(writer.lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
  EXPECT_EQ(late.lock(SQLITE_LOCK_SHARED), SQLITE_BUSY);
  writer.unlock(SQLITE_LOCK_NONE);
  EXPECT_EQ(late.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
}

TEST(VfsLocksTest, AConnectionThatGoesLeavesNoLocks) {
  SharedFile file;
  std::optional<Connection> gone(std::in_place, file);
  ASSERT_EQ(gone->lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  ASSERT_EQ(gone->lock(SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
  EXPECT_EQ(gone->shm_lock(0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
  gone.reset();
  EXPECT_FALSE(file.open());
  Connection next(file);
  EXPECT_EQ(next.lock(SQLITE_LOCK_SHARED), SQLITE_OK);
  EXPECT_EQ(next.shm_lock(0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
}

TEST(VfsLocksTest, IndexLocksAreSharedOrExclusivePerSlot) {
  SharedFile file;
  Connection a(file);
  Connection b(file);
  Connection c(file);
  constexpr int kShare = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED;
  constexpr int kOwn = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE;
  EXPECT_EQ(a.shm_lock(4, 1, kShare), SQLITE_OK);
  EXPECT_EQ(b.shm_lock(4, 1, kShare), SQLITE_OK);
  EXPECT_EQ(c.shm_lock(3, 5, kOwn), SQLITE_BUSY) << "a range with a lock in it";
  EXPECT_EQ(c.shm_lock(5, 3, kOwn), SQLITE_OK);
  EXPECT_EQ(a.shm_lock(6, 1, kShare), SQLITE_BUSY);
  EXPECT_EQ(a.shm_lock(4, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  EXPECT_EQ(c.shm_lock(4, 1, kOwn), SQLITE_BUSY) << "the other reader still has it";
  EXPECT_EQ(b.shm_lock(4, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED), SQLITE_OK);
  EXPECT_EQ(c.shm_lock(4, 1, kOwn), SQLITE_OK);
}

TEST(VfsLocksTest, TheIndexIsSharedAndGoesWithItsLastUser) {
  SharedFile file;
  Connection a(file);
  Connection b(file);
  volatile void* mine = nullptr;
  volatile void* theirs = nullptr;
  EXPECT_EQ(a.shm_map(0, 32768, false, &mine), SQLITE_OK);
  EXPECT_EQ(mine, nullptr) << "nobody has made it";
  ASSERT_EQ(a.shm_map(1, 32768, true, &mine), SQLITE_OK);
  ASSERT_EQ(b.shm_map(1, 32768, false, &theirs), SQLITE_OK);
  EXPECT_EQ(mine, theirs);
  auto* const first = static_cast<volatile char*>(mine);
  EXPECT_EQ(*first, 0);
  *first = 1;
  a.shm_unmap();
  ASSERT_EQ(a.shm_map(1, 32768, false, &mine), SQLITE_OK);
  EXPECT_EQ(*static_cast<volatile char*>(mine), 1);
  a.shm_unmap();
  b.shm_unmap();
  ASSERT_EQ(a.shm_map(1, 32768, true, &mine), SQLITE_OK);
  EXPECT_EQ(*static_cast<volatile char*>(mine), 0);
}

}  // namespace
}  // namespace tablog::storage
