// Products of matrices, batch normalization, Adam's step and random draws on a CPU, as XLA's foreign functions.
#include "adam.h"
#include "binding.h"
#include "normalization.h"
#include "random.h"
#include "rounded.h"

namespace nn_zoo {

ffi::Error matrix_product(ffi::ThreadPool pool, Buffer a, Buffer b, Result c, bool a_turned, bool b_turned,
                          bool helped, bool rounded) {
  const Shape shape = c->dimensions();
  const Product f{shape[0], shape[1], a.dimensions()[a_turned ? 1 : 2], shape[2], a_turned, b_turned,
                  a.typed_data(), b.typed_data(), c->typed_data()};
  if (!rounded || !rounded_product({pool, helped}, f)) product({pool, helped}, f);
  return ffi::Error::Success();
}

auto binding(decltype(&matrix_product)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>()
      .Attr<bool>("a_turned").Attr<bool>("b_turned").Attr<bool>("helped").Attr<bool>("rounded");
}

// Of both, the last argument is what is added, if anything is; the last result of the second is its gradient.
ffi::Error normalization(ffi::ThreadPool pool, Buffer x, Buffer scale, Buffer bias, ffi::RemainingArgs added, Result y,
                         Result mean, Result variance, float epsilon, float low, float high) {
  const Rows rows{x.dimensions()[0], x.dimensions()[1]};
  moments(pool, rows, x.typed_data(), mean->typed_data(), variance->typed_data());
  const Normalization f(rows, epsilon, low, high, mean->typed_data(), variance->typed_data(), scale.typed_data(),
                        bias.typed_data());
  if (added.size()) normalize<true>(pool, f, x.typed_data(), added.get<Buffer>(0)->typed_data(), y->typed_data());
  else normalize<false>(pool, f, x.typed_data(), nullptr, y->typed_data());
  return ffi::Error::Success();
}

ffi::Error normalization_backward(ffi::ThreadPool pool, Buffer x, Buffer dy, Buffer mean, Buffer variance, Buffer scale,
                                  Buffer bias, ffi::RemainingArgs added, Result dx, Result dscale, Result dbias,
                                  ffi::RemainingRets dadded, float epsilon, float low, float high) {
  const Normalization f({x.dimensions()[0], x.dimensions()[1]}, epsilon, low, high, mean.typed_data(),
                        variance.typed_data(), scale.typed_data(), bias.typed_data());
  const auto run = [&](auto backward, const float* more, float* its) {
    backward(pool, f, x.typed_data(), dy.typed_data(), more, dx->typed_data(), dscale->typed_data(), dbias->typed_data(), its);
  };
  if (added.size())
    run(normalize_backward<true>, added.get<Buffer>(0)->typed_data(), (*dadded.get<Buffer>(0))->typed_data());
  else run(normalize_backward<false>, nullptr, nullptr);
  return ffi::Error::Success();
}

auto binding(decltype(&normalization)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().RemainingArgs().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>()
      .Attr<float>("epsilon").Attr<float>("low").Attr<float>("high");
}

auto binding(decltype(&normalization_backward)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().RemainingArgs()
      .Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().RemainingRets().Attr<float>("epsilon").Attr<float>("low").Attr<float>("high");
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

ffi::Error bernoulli(ffi::ThreadPool pool, ffi::Buffer<ffi::U32> keys, ffi::Result<ffi::Buffer<ffi::PRED>> y, float p) {
  const int64_t count = keys.element_count() / 2;
  if (count == 0 || y->element_count() == 0) return ffi::Error::Success();
  bernoulli_draws(pool, keys.typed_data(), count, y->element_count() / count, p,
                  reinterpret_cast<uint8_t*>(y->typed_data()));
  return ffi::Error::Success();
}

auto binding(decltype(&bernoulli)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<ffi::Buffer<ffi::U32>>().Ret<ffi::Buffer<ffi::PRED>>().Attr<float>("p");
}

}  // namespace nn_zoo

NN_ZOO_KERNEL(bernoulli);
NN_ZOO_KERNEL(matrix_product);
NN_ZOO_KERNEL(normalization);
NN_ZOO_KERNEL(normalization_backward);
NN_ZOO_KERNEL(adam_step);

// Whether products are rounded here where that is asked for.
extern "C" int nn_zoo_matrix_unit() { return nn_zoo::has_matrix_unit(); }
