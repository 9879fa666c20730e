#ifndef GRAFT_CLIENT_CLI_INTERRUPT_H_
#define GRAFT_CLIENT_CLI_INTERRUPT_H_

#include <csignal>
#include <functional>
#include <thread>

namespace graft::cli {

// While it lives, the first SIGINT (Ctrl-C) calls `on_interrupt` instead of ending the program, on
// a thread of its own, where locks may be taken; a second one ends the program as ever. Where
// SIGINT is ignored, as in the background of a script, it stays so.
//
// Make it before any other thread is started: it blocks SIGINT for the threads of the caller.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> on_interrupt);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

 private:
  void Run();

  const std::function<void()> on_interrupt_;
  int signals_ = -1;  // a signalfd of SIGINT
  int ending_ = -1;   // an eventfd that the destructor writes to
  sigset_t mask_before_;
  std::thread thread_;
};

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_INTERRUPT_H_
