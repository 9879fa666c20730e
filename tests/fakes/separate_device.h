#ifndef GRAFT_TESTS_FAKES_SEPARATE_DEVICE_H_
#define GRAFT_TESTS_FAKES_SEPARATE_DEVICE_H_

#include <c10/core/Device.h>

namespace graft {

// A device of LibTorch's (its slot for third parties, named "separate" here) that computes what the
// CPU computes, and is apart from it as a GPU is: an operation on tensors of both throws, and who
// reads a tensor of it through its pointer dies of a segmentation fault. With it, code that assumes
// the CPU is found on machines without a GPU. Registers itself at the first call, for the whole
// process.
at::Device SeparateDevice();

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_SEPARATE_DEVICE_H_
