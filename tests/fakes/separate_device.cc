#include "tests/fakes/separate_device.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <tuple>

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

namespace graft {
namespace {

constexpr auto kSeparate = at::kPrivateUse1;

// What is handed out is not where the bytes are: with this bit an address is none on x86-64 and
// ARM64, and reading it faults.
constexpr uintptr_t kApart = uintptr_t{1} << 62;

void* Apart(void* host) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(host) ^ kApart);
}

class ApartAllocator final : public c10::Allocator {
 public:
  at::DataPtr allocate(size_t bytes) override {
    void* const host = bytes == 0 ? nullptr : std::malloc(bytes);
    return {host == nullptr ? nullptr : Apart(host), host, &std::free, at::Device(kSeparate, 0)};
  }
  at::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void*, const void*, size_t) const override {
    TORCH_CHECK(false, "the separate device's bytes are copied by _copy_from alone");
  }
};

class SeparateGuard final : public c10::impl::NoOpDeviceGuardImpl<kSeparate> {
 public:
  at::Device getDevice() const override { return {kSeparate, 0}; }
  at::Device exchangeDevice(at::Device) const override { return {kSeparate, 0}; }
  c10::Stream getStream(at::Device) const noexcept override { return Only(); }
  c10::Stream getNewStream(at::Device, int) const override { return Only(); }
  c10::Stream getStreamFromGlobalPool(at::Device, bool) const override { return Only(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return Only(); }
  // All is done when it is asked for.
  void record(void**, const c10::Stream&, const c10::DeviceIndex,
              const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void synchronizeDevice(const c10::DeviceIndex) const override {}

 private:
  static c10::Stream Only() { return c10::Stream(c10::Stream::DEFAULT, at::Device(kSeparate, 0)); }
};

struct SeparateHooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  // All of the host's memory is one that it copies from.
  bool isPinnedPtr(const void*) const override { return true; }
  at::Allocator* getPinnedMemoryAllocator() const override { return at::getCPUAllocator(); }
};

// The same bytes as a tensor of the CPU, without a copy: what the kernels below compute with.
at::Tensor HostView(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.device().type() != kSeparate) return tensor;
  void* const apart = tensor.storage().mutable_data();
  void* const host = apart == nullptr ? nullptr : Apart(apart);
  const at::Tensor bytes =
      at::from_blob(host, {static_cast<int64_t>(tensor.storage().nbytes()) / tensor.element_size()},
                    at::TensorOptions(tensor.scalar_type()));
  return bytes.as_strided(tensor.sizes(), tensor.strides(), tensor.storage_offset());
}

at::Tensor ToSeparate(const at::Tensor& host) {
  return host.defined() ? host.to(at::Device(kSeparate, 0)) : host;
}

std::optional<at::Tensor> HostView(const std::optional<at::Tensor>& tensor) {
  return tensor.has_value() ? std::optional(HostView(*tensor)) : std::nullopt;
}

c10::Allocator* TheAllocator() {
  static ApartAllocator* const allocator = new ApartAllocator;
  return allocator;
}

at::Tensor EmptyStrided(at::IntArrayRef size, at::IntArrayRef stride,
                        std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                        std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, TheAllocator(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           dtype.value_or(at::kFloat));
}

at::Tensor Empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype,
                 std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, TheAllocator(),
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   dtype.value_or(at::kFloat), format);
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to, bool) {
  HostView(to).copy_(HostView(from));
  return to;
}

const at::Tensor& Resize(const at::Tensor& tensor, at::IntArrayRef size,
                         std::optional<at::MemoryFormat>) {
  const auto bytes = static_cast<size_t>(c10::multiply_integers(size) * tensor.element_size());
  if (bytes > tensor.storage().nbytes()) {  // what was in it is not wanted by who resizes an output
    tensor.storage().set_data_ptr_noswap(TheAllocator()->allocate(bytes));
    tensor.storage().set_nbytes(bytes);
  }
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  return tensor;
}

at::Tensor CopyFromAndResize(const at::Tensor& from, const at::Tensor& to) {
  return CopyFrom(from, Resize(to, from.sizes(), std::nullopt), false);
}

at::Tensor Convolution(const at::Tensor& input, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  TORCH_CHECK(weight.device() == input.device(), "a convolution's tensors are on two devices");
  return ToSeparate(at::convolution(HostView(input), HostView(weight), HostView(bias), stride,
                                    padding, dilation, transposed, output_padding, groups));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolutionBackward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight,
    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
    at::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> mask) {
  const auto [of_input, of_weight, of_bias] = at::convolution_backward(
      HostView(gradient), HostView(input), HostView(weight), at::IntArrayRef({weight.size(0)}),
      stride, padding, dilation, transposed, output_padding, groups, mask);
  return {ToSeparate(of_input), ToSeparate(of_weight), ToSeparate(of_bias)};
}

// Its statistics are written to, of which its schema says nothing: the fallback would move copies.
std::tuple<at::Tensor, at::Tensor, at::Tensor> BatchNorm(
    const at::Tensor& input, const std::optional<at::Tensor>& weight,
    const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& running_mean,
    const std::optional<at::Tensor>& running_var, bool training, double momentum, double epsilon) {
  const auto [out, mean, deviation] = at::native_batch_norm(
      HostView(input), HostView(weight), HostView(bias), HostView(running_mean),
      HostView(running_var), training, momentum, epsilon);
  return {ToSeparate(out), ToSeparate(mean), ToSeparate(deviation)};
}

// Attention by products and a softmax, which run one by one; what is fused is for devices of its
// own.
int64_t ChooseAttention(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                        const std::optional<at::Tensor>&, double, bool, std::optional<double>,
                        bool) {
  return 0;  // SDPBackend::math
}

void CheckTogether(const c10::OperatorHandle& op, const at::Tensor& tensor) {
  // A number may come from the host, as with a GPU.
  TORCH_CHECK(!tensor.defined() || tensor.dim() == 0 || tensor.device().type() == kSeparate,
              op.schema().name(), " got tensors of the separate device and of the CPU");
}

// Everything else: on copies in the host's memory, if no argument was there before.
void Fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const size_t arguments = op.schema().arguments().size();
  for (size_t i = stack->size() - arguments; i < stack->size(); ++i) {
    const c10::IValue& value = (*stack)[i];
    if (value.isTensor()) {
      CheckTogether(op, value.toTensor());
    } else if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) CheckTogether(op, tensor);
    }
  }
  at::native::cpu_fallback(op, stack);
}

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&Fallback>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view", &at::native::view);
  library.impl("resize_", &Resize);
  library.impl("_fused_sdp_choice", &ChooseAttention);
  library.impl("_copy_from", &CopyFrom);
  library.impl("_copy_from_and_resize", &CopyFromAndResize);
  library.impl("convolution_overrideable", &Convolution);
  library.impl("convolution_backward_overrideable", &ConvolutionBackward);
  library.impl("native_batch_norm", &BatchNorm);
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, SeparateGuard)

at::Device SeparateDevice() {
  static const bool registered = [] {
    static SeparateHooks* const hooks = new SeparateHooks;
    at::RegisterPrivateUse1HooksInterface(hooks);
    c10::register_privateuse1_backend("separate");
    return true;
  }();
  (void)registered;
  return {kSeparate, 0};
}

}  // namespace graft
