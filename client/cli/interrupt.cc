#include "client/cli/interrupt.h"

#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/signalfd.h>

namespace graft::cli {
namespace {

sigset_t OnlySigint() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> on_interrupt) : on_interrupt_(std::move(on_interrupt)) {
  struct sigaction action;
  if (::sigaction(SIGINT, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return;
  const sigset_t sigint = OnlySigint();
  signals_ = ::signalfd(-1, &sigint, SFD_CLOEXEC);
  ending_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || ending_ < 0) return;  // Ctrl-C ends the program, as ever
  ::pthread_sigmask(SIG_BLOCK, &sigint, &mask_before_);
  thread_ = std::thread([this] { Run(); });
}

Interrupt::~Interrupt() {
  if (thread_.joinable()) {
    ::eventfd_write(ending_, 1);
    thread_.join();
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  if (signals_ >= 0) ::close(signals_);
  if (ending_ >= 0) ::close(ending_);
}

void Interrupt::Run() {
  pollfd sources[] = {{ending_, POLLIN, 0}, {signals_, POLLIN, 0}};
  while (::poll(sources, 2, -1) < 0 && errno == EINTR) continue;
  if (sources[0].revents != 0) return;
  signalfd_siginfo signal;
  if (::read(signals_, &signal, sizeof(signal)) != sizeof(signal)) return;
  on_interrupt_();
  // From here on a signal finds this thread, and does what it does by default.
  const sigset_t sigint = OnlySigint();
  ::pthread_sigmask(SIG_UNBLOCK, &sigint, nullptr);
  while (::poll(sources, 1, -1) < 0 && errno == EINTR) continue;
}

}  // namespace graft::cli
