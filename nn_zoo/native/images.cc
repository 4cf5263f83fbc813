// Direct convolution and pooling of NHWC images of floats on a CPU, as XLA's foreign functions.
//
// settings: strides (rows, columns), low paddings, dilation of the images, dilation of the kernel, groups; for pooling
// the size of the window and 1 in place of the last three.
#include "binding.h"
#include "forward.h"
#include "gradient.h"
#include "pooling.h"

namespace nn_zoo {

Problem problem(Shape in, Shape out, int64_t rows, int64_t columns, Numbers s) {
  return {in[0], s[8], in[3], out[3], {in[1], out[1], rows, s[0], s[2], s[4], s[6]},
          {in[2], out[2], columns, s[1], s[3], s[5], s[7]}};
}

ffi::Error convolve(ffi::ThreadPool pool, Buffer x, Buffer kernel, Result y, Numbers settings) {
  const Shape taps = kernel.dimensions();
  const Problem p = problem(x.dimensions(), y->dimensions(), taps[0], taps[1], settings);
  convolution(pool, p, x.typed_data(), kernel.typed_data(), y->typed_data());
  return ffi::Error::Success();
}

ffi::Error convolve_kernel_gradient(ffi::ThreadPool pool, Buffer x, Buffer dy, Result g, Numbers settings) {
  const Shape taps = g->dimensions();
  const Problem p = problem(x.dimensions(), dy.dimensions(), taps[0], taps[1], settings);
  kernel_gradient(pool, p, x.typed_data(), dy.typed_data(), g->typed_data());
  return ffi::Error::Success();
}

ffi::Error max_pool_gather(ffi::ThreadPool pool, Buffer x, Buffer t, Result y, Numbers settings) {
  const Problem p = problem(x.dimensions(), y->dimensions(), settings[9], settings[10], settings);
  pool_gather(pool, p, x.typed_data(), t.typed_data(), y->typed_data());
  return ffi::Error::Success();
}

ffi::Error max_pool_scatter(ffi::ThreadPool pool, Buffer x, Buffer g, Result d, Numbers settings) {
  const Problem p = problem(x.dimensions(), g.dimensions(), settings[9], settings[10], settings);
  pool_scatter(pool, p, x.typed_data(), g.typed_data(), d->typed_data());
  return ffi::Error::Success();
}

auto binding(ffi::Error (*)(ffi::ThreadPool, Buffer, Buffer, Result, Numbers)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Attr<Numbers>("settings");
}

}  // namespace nn_zoo

NN_ZOO_KERNEL(convolve);
NN_ZOO_KERNEL(convolve_kernel_gradient);
NN_ZOO_KERNEL(max_pool_gather);
NN_ZOO_KERNEL(max_pool_scatter);
