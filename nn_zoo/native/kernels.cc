// Direct convolution and pooling of NHWC images, recurrent cells, products of matrices, batch normalization and
// Adam, of floats on a CPU, as XLA's foreign functions.
//
// settings of images: strides (rows, columns), low paddings, dilation of the images, dilation of the kernel, groups; for
// pooling the size of the window and 1 in place of the last three.
#include "adam.h"
#include "forward.h"
#include "gradient.h"
#include "normalization.h"
#include "pooling.h"
#include "product.h"
#include "recurrence.h"

namespace nn_zoo {

using Buffer = ffi::Buffer<ffi::F32>;
using Result = ffi::Result<Buffer>;
using Numbers = ffi::Span<const int64_t>;
using Shape = Buffer::Dimensions;

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

ffi::Error matrix_product(ffi::ThreadPool pool, Buffer a, Buffer b, Result c, bool a_turned, bool b_turned) {
  const Shape shape = c->dimensions();
  product(pool, {shape[0], shape[1], a.dimensions()[a_turned ? 1 : 2], shape[2], a_turned, b_turned, a.typed_data(),
                 b.typed_data(), c->typed_data()});
  return ffi::Error::Success();
}

auto binding(decltype(&matrix_product)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Attr<bool>("a_turned").Attr<bool>(
      "b_turned");
}

ffi::Error normalization(ffi::ThreadPool pool, Buffer x, Buffer scale, Buffer bias, Result y, Result mean, Result variance,
                         float epsilon, float low, float high) {
  const Rows rows{x.dimensions()[0], x.dimensions()[1]};
  moments(pool, rows, x.typed_data(), mean->typed_data(), variance->typed_data());
  const Normalization f(rows, epsilon, low, high, mean->typed_data(), variance->typed_data(), scale.typed_data(),
                        bias.typed_data());
  normalize(pool, f, x.typed_data(), y->typed_data());
  return ffi::Error::Success();
}

ffi::Error normalization_backward(ffi::ThreadPool pool, Buffer x, Buffer dy, Buffer mean, Buffer variance, Buffer scale,
                                  Buffer bias, Result dx, Result dscale, Result dbias, float epsilon, float low, float high) {
  const Normalization f({x.dimensions()[0], x.dimensions()[1]}, epsilon, low, high, mean.typed_data(),
                        variance.typed_data(), scale.typed_data(), bias.typed_data());
  normalize_backward(pool, f, x.typed_data(), dy.typed_data(), dx->typed_data(), dscale->typed_data(), dbias->typed_data());
  return ffi::Error::Success();
}

auto binding(decltype(&normalization)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>()
      .Attr<float>("epsilon").Attr<float>("low").Attr<float>("high");
}

auto binding(decltype(&normalization_backward)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>()
      .Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().Attr<float>("epsilon").Attr<float>("low").Attr<float>("high");
}

// numbers: the learning rate and the corrections of both moments. After them g, m, s and w of each array; m, s and w are
// also the results.
ffi::Error adam_step(ffi::ThreadPool pool, Buffer numbers, ffi::RemainingArgs given, ffi::RemainingRets kept, float b1,
                     float b2, float eps, ffi::Span<const float> decays) {
  const size_t count = decays.size();
  std::vector<Moved> arrays;
  for (size_t n = 0; n < count; ++n) {
    const auto result = [&](size_t part) { return (*kept.get<Buffer>(part * count + n))->typed_data(); };
    const Buffer g = *given.get<Buffer>(n);
    arrays.push_back({static_cast<int64_t>(g.element_count()), decays[n], g.typed_data(), result(0), result(1), result(2)});
    for (size_t part = 0; part < 3; ++part)
      if ((*given.get<Buffer>((part + 1) * count + n)).typed_data() != result(part))
        return ffi::Error::Internal("Adam's arrays are not in their places");
  }
  const float* f = numbers.typed_data();
  adam(pool, {f[0], f[1], f[2], b1, b2, eps}, arrays);
  return ffi::Error::Success();
}

auto binding(decltype(&adam_step)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().RemainingArgs().RemainingRets().Attr<float>("b1").Attr<float>(
      "b2").Attr<float>("eps").Attr<ffi::Span<const float>>("decays");
}

// The number of a cell is its place in CELLS of nn_zoo/ops/recurrence_cells.py.
template <typename Walk>
ffi::Error with_cell(ffi::ThreadPool& pool, int64_t cell, const Walk& f) {
  switch (cell) {
    case 0: walk<Rnn<true>>(pool, f); break;
    case 1: walk<Rnn<false>>(pool, f); break;
    case 2: walk<Lstm>(pool, f); break;
    case 3: walk<Gru>(pool, f); break;
    default: return ffi::Error::InvalidArgument("no such cell");
  }
  return ffi::Error::Success();
}

using Lengths = ffi::Buffer<ffi::S32>;

// Null for an array that is left out.
template <typename Array>
auto given(Array& array) { return array.element_count() ? array.typed_data() : nullptr; }

Sequences sequences(Shape h, int64_t floats, Lengths lengths, int64_t reverse) {
  return {h[0], floats / (h[0] * h[1]), h[1], 1, given(lengths), reverse != 0};
}

ffi::Error recurrence(ffi::ThreadPool pool, Buffer x, Buffer input, Buffer recurrent, Buffer bias, Buffer recurrent_bias, Buffer h0,
                      Buffer c0, Lengths lengths, Result y, Result gates, Result kept, Result h, Result c,
                      int64_t cell, int64_t reverse) {
  return with_cell(pool, cell, Forward{sequences(h0.dimensions(), y->element_count(), lengths, reverse), x.dimensions()[2],
                   x.typed_data(), input.typed_data(), recurrent.typed_data(), bias.typed_data(), recurrent_bias.typed_data(), h0.typed_data(),
                   c0.typed_data(), y->typed_data(),
                   gates->element_count() ? gates->typed_data() : y->typed_data(), given(*kept), h->typed_data(),
                   c->typed_data()});
}

ffi::Error recurrence_backward(ffi::ThreadPool pool, Buffer gates, Buffer kept, Buffer dy, Buffer recurrent,
                               Buffer h_before, Buffer c0, Buffer dh_last, Buffer dc_last, Lengths lengths, Result dg,
                               Result dr, Result dh, Result dc, int64_t cell, int64_t reverse) {
  return with_cell(pool, cell, Backward{sequences(dh_last.dimensions(), dy.element_count(), lengths, reverse), gates.typed_data(),
                   kept.typed_data(), dy.typed_data(), recurrent.typed_data(), h_before.typed_data(), c0.typed_data(),
                   dh_last.typed_data(), dc_last.typed_data(), dg->typed_data(), dr->typed_data(), dh->typed_data(),
                   dc->typed_data()});
}

auto binding(decltype(&recurrence)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Lengths>()
      .Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>()
      .Attr<int64_t>("cell").Attr<int64_t>("reverse");
}

auto binding(decltype(&recurrence_backward)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>()
      .Arg<Lengths>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>()
      .Attr<int64_t>("cell").Attr<int64_t>("reverse");
}

}  // namespace nn_zoo

#define NN_ZOO_KERNEL(name) \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(nn_zoo_##name, nn_zoo::name, nn_zoo::binding(&nn_zoo::name))

NN_ZOO_KERNEL(convolve);
NN_ZOO_KERNEL(convolve_kernel_gradient);
NN_ZOO_KERNEL(max_pool_gather);
NN_ZOO_KERNEL(max_pool_scatter);
NN_ZOO_KERNEL(recurrence);
NN_ZOO_KERNEL(recurrence_backward);
NN_ZOO_KERNEL(matrix_product);
NN_ZOO_KERNEL(normalization);
NN_ZOO_KERNEL(normalization_backward);
NN_ZOO_KERNEL(adam_step);
