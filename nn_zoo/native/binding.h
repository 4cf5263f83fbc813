// What the files of kernels share: XLA's arrays by short names, and how a kernel gets its name.
#pragma once

#include "xla/ffi/api/ffi.h"

namespace nn_zoo {

namespace ffi = xla::ffi;

using Buffer = ffi::Buffer<ffi::F32>;
using Result = ffi::Result<Buffer>;
using Numbers = ffi::Span<const int64_t>;
using Shape = Buffer::Dimensions;

}  // namespace nn_zoo

// Exports nn_zoo::name, as its `binding` says what it takes, under the name nn_zoo_name.
#define NN_ZOO_KERNEL(name) \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(nn_zoo_##name, nn_zoo::name, nn_zoo::binding(&nn_zoo::name))
