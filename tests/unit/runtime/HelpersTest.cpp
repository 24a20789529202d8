//===- HelpersTest.cpp ----------------------------------------------------===//

#include "runtime/Helpers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace normc;
using Work = Helpers::Work;

namespace {

/// A loop that notes how often each number came, and on how many threads.
struct Loop {
  std::vector<std::atomic<int>> runs;
  std::atomic<int> elsewhere = 0;
  std::thread::id caller = std::this_thread::get_id();
  std::chrono::microseconds each{0};

  explicit Loop(int64_t count) : runs(count) {}

  static void body(void *context, int64_t begin, int64_t end) {
    auto &loop = *static_cast<Loop *>(context);
    if (std::this_thread::get_id() != loop.caller)
      ++loop.elsewhere;
    for (; begin < end; ++begin) {
      ++loop.runs[begin];
      auto until = std::chrono::steady_clock::now() + loop.each;
      while (std::chrono::steady_clock::now() < until) {
      }
    }
  }
  bool run(Helpers &helpers, int threads, Work work) {
    return helpers.run(int64_t(runs.size()), body, this, threads, work);
  }
  void expectAllOnce() {
    for (std::atomic<int> &count : runs)
      EXPECT_EQ(count.load(), 1);
  }
};

} // namespace

TEST(HelpersTest, CoverEveryRangeOnce) {
  Helpers helpers(4);
  for (Work work : {Work::Small, Work::Large})
    for (int threads : {1, 2, 3, 4, 9})
      for (int64_t count : {1, 2, 3, 7, 64, 1000}) {
        Loop loop(count);
        EXPECT_TRUE(loop.run(helpers, threads, work));
        loop.expectAllOnce();
      }
}

TEST(HelpersTest, LargeWorkWakesThem) {
  Helpers helpers(2);
  // A thread may take its time to come.
  for (int attempt = 0; attempt < 100; ++attempt) {
    Loop loop(8);
    loop.each = std::chrono::milliseconds(1);
    ASSERT_TRUE(loop.run(helpers, 2, Work::Large));
    loop.expectAllOnce();
    if (loop.elsewhere > 0)
      return;
  }
  FAIL() << "expected a second thread in one of 100 loops";
}

#if defined(__linux__)
static int64_t countThreads() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/task"), Entries());
}

/// How many there are once none has ended for a while.
static int64_t settle() {
  int64_t count = countThreads();
  for (int quiet = 0; quiet < 20; ++quiet) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (int64_t now = countThreads(); now != count) {
      count = now;
      quiet = 0;
    }
  }
  return count;
}

/// Waits until there are no more than so many threads, some seconds at most.
static bool sinksTo(int64_t count) {
  for (int attempt = 0; attempt < 5000; ++attempt) {
    if (countThreads() <= count)
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

/// Whether helpers without threads start as many as are `expected` for a loop
/// of that many pieces, in one of several tries: whoever interrupts this thread
/// makes the pieces look long.
static bool starts(int64_t expected, int64_t pieces,
                   std::chrono::microseconds each) {
  const int64_t before = settle();
  for (int attempt = 0; attempt < 20; ++attempt) {
    EXPECT_TRUE(sinksTo(before)) << "threads of the try before end";
    Helpers helpers(2);
    Loop loop(pieces);
    loop.each = each;
    EXPECT_TRUE(loop.run(helpers, 2, Work::Large));
    loop.expectAllOnce();
    if (countThreads() - before == expected)
      return true;
  }
  return false;
}

TEST(HelpersTest, ThreadsEndWithThem) {
  const int64_t before = settle();
  for (int i = 0; i < 50; ++i) {
    Helpers helpers(3);
    Loop loop(6);
    EXPECT_TRUE(loop.run(helpers, 3, Work::Large));
  }
  EXPECT_TRUE(sinksTo(before)) << countThreads() - before << " are left";
}

TEST(HelpersTest, AForkHasNone) {
  Helpers helpers(2);
  Loop loop(2);
  EXPECT_TRUE(loop.run(helpers, 2, Work::Large));
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    bool isRefused = !loop.run(helpers, 2, Work::Large);
    Helpers own(2);
    _exit(isRefused && loop.run(own, 2, Work::Large) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

static std::set<pid_t> listThreads() {
  std::set<pid_t> threads;
  for (const auto &task :
       std::filesystem::directory_iterator("/proc/self/task"))
    threads.insert(std::stoi(task.path().filename()));
  return threads;
}

/// As taskset does, for all threads that the process has.
static void bindAll(const cpu_set_t &processors) {
  for (pid_t thread : listThreads())
    sched_setaffinity(thread, sizeof(processors), &processors);
}

/// Some calls, before each of which the helpers have slept.
static void sleepAndWake(Helpers &helpers) {
  for (int i = 0; i < 10; ++i) {
    Loop loop(2);
    loop.each = std::chrono::milliseconds(1);
    EXPECT_TRUE(loop.run(helpers, 2, Work::Large));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(HelpersTest, ALaterBindingHolds) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  if (CPU_COUNT(&all) < 2)
    GTEST_SKIP() << "expected two processors";
  settle();
  const std::set<pid_t> others = listThreads();
  Helpers helpers(2);
  sleepAndWake(helpers);
  pid_t helper = 0;
  for (pid_t thread : listThreads())
    if (!others.contains(thread))
      helper = thread;
  ASSERT_NE(helper, 0);
  bool holds = false;
  // In one of several tries: it may be about to bind itself.
  for (int attempt = 0; attempt < 10 && !holds; ++attempt) {
    settle();
    cpu_set_t now, one;
    ASSERT_EQ(sched_getaffinity(helper, sizeof(now), &now), 0);
    // To the one that it keeps off, if there is such a one.
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
      if (CPU_ISSET(i, &all) && (CPU_EQUAL(&now, &all) || !CPU_ISSET(i, &now)))
        CPU_SET(i, &one);
    bindAll(one);
    sleepAndWake(helpers);
    ASSERT_EQ(sched_getaffinity(helper, sizeof(now), &now), 0);
    holds = CPU_EQUAL(&now, &one);
    bindAll(all);
  }
  EXPECT_TRUE(holds);
}

TEST(HelpersTest, WorkThatIsSoonDoneWakesNobody) {
  using std::chrono::microseconds;
  EXPECT_TRUE(starts(0, 64, microseconds(1)));
  EXPECT_TRUE(starts(0, 1000, microseconds(0)));
  EXPECT_TRUE(starts(1, 64, microseconds(20)));
  // Too few to tell.
  EXPECT_TRUE(starts(1, 2, microseconds(1)));
}
#endif

TEST(HelpersTest, LaterPiecesMayTakeLonger) {
  struct Uneven : Loop {
    using Loop::Loop;
    static void body(void *context, int64_t begin, int64_t end) {
      auto &loop = *static_cast<Uneven *>(context);
      for (; begin < end; ++begin) {
        Loop::body(&loop, begin, begin + 1);
        if (begin >= 64)
          std::this_thread::sleep_for(std::chrono::microseconds(500));
      }
    }
  };
  for (int attempt = 0; attempt < 20; ++attempt) {
    Helpers helpers(2);
    Uneven loop(128);
    ASSERT_TRUE(helpers.run(128, Uneven::body, &loop, 2, Work::Large));
    loop.expectAllOnce();
    if (loop.elsewhere > 0)
      return;
  }
  FAIL() << "expected a second thread for what turns out to be long";
}

TEST(HelpersTest, NothingIsDoneAtOnce) {
  Helpers helpers(2);
  Loop loop(0);
  EXPECT_TRUE(loop.run(helpers, 2, Work::Large));
}

TEST(HelpersTest, SmallWorkStaysAloneUntilItHasCost) {
  Helpers helpers(2);
  Loop first(2);
  ASSERT_TRUE(first.run(helpers, 2, Work::Small));
  EXPECT_EQ(first.elsewhere, 0) << "nobody is awake";
  for (int call = 0; call < 100'000; ++call) {
    Loop loop(2);
    loop.each = std::chrono::microseconds(10);
    ASSERT_TRUE(loop.run(helpers, 2, Work::Small));
    loop.expectAllOnce();
    if (loop.elsewhere > 0)
      return;
  }
  FAIL() << "expected a second thread after loops of 20 us in a row";
}

TEST(HelpersTest, OneThreadIsTheCallers) {
  Helpers helpers(2);
  for (int call = 0; call < 100; ++call) {
    Loop loop(4);
    ASSERT_TRUE(loop.run(helpers, 1, Work::Large));
    EXPECT_EQ(loop.elsewhere, 0);
  }
}

TEST(HelpersTest, AreOneCallersAtATime) {
  Helpers helpers(2);
  struct Outer {
    Helpers &helpers;
    std::atomic<int> refused = 0;
  } outer{helpers};
  EXPECT_TRUE(helpers.run(
      4,
      [](void *context, int64_t begin, int64_t end) {
        auto &outer = *static_cast<Outer *>(context);
        for (; begin < end; ++begin) {
          Loop inner(2);
          if (!inner.run(outer.helpers, 2, Work::Large))
            ++outer.refused;
          for (std::atomic<int> &count : inner.runs)
            EXPECT_EQ(count.load(), 0) << "what is refused has not begun";
        }
      },
      &outer, 2, Work::Large));
  EXPECT_EQ(outer.refused, 4);
}

TEST(HelpersTest, ManyCallersLoseNothing) {
  Helpers helpers(3);
  std::atomic<int> served = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int call = 0; call < 2000; ++call) {
        Loop loop(5);
        if (!loop.run(helpers, 3, call % 2 ? Work::Small : Work::Large))
          continue;
        loop.expectAllOnce();
        ++served;
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_GT(served, 0);
}

TEST(HelpersTest, MayEndWhileTheyAreAwake) {
  for (int i = 0; i < 50; ++i) {
    auto helpers = std::make_unique<Helpers>(3);
    Loop loop(6);
    EXPECT_TRUE(loop.run(*helpers, 3, Work::Large));
    helpers.reset();
    loop.expectAllOnce();
  }
}
