// Attention and its gradient on a CPU, as XLA's foreign functions.
#include "attention.h"

#include "binding.h"

namespace nn_zoo {

using Lengths = ffi::Buffer<ffi::S32>;
using Keys = ffi::Buffer<ffi::U32>;

Attention attention_of(Buffer& q, Buffer& k, Buffer& v, Lengths& lengths, Keys& keys, bool causal, int64_t window, float keep) {
  const Shape of_q = q.dimensions(), of_k = k.dimensions();
  return {of_q[0], of_q[1], of_k[1], of_q[2], of_k[2], of_q[3], causal, window, keep, lengths.typed_data(), keys.typed_data(),
          keys.dimensions()[0], q.typed_data(), k.typed_data(), v.typed_data()};
}

ffi::Error attend(ffi::ThreadPool pool, Buffer q, Buffer k, Buffer v, Lengths lengths, Keys keys, Result y, Result log_sum,
                  bool causal, int64_t window, float keep, bool rounded) {
  attention(pool, attention_of(q, k, v, lengths, keys, causal, window, keep), rounded, y->typed_data(), log_sum->typed_data());
  return ffi::Error::Success();
}

auto binding(decltype(&attend)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Lengths>().Arg<Keys>()
      .Ret<Buffer>().Ret<Buffer>().Attr<bool>("causal").Attr<int64_t>("window").Attr<float>("keep").Attr<bool>("rounded");
}

ffi::Error attend_backward(ffi::ThreadPool pool, Buffer q, Buffer k, Buffer v, Lengths lengths, Keys keys, Buffer y, Buffer log_sum,
                           Buffer dy, Result dq, Result dk, Result dv, bool causal, int64_t window, float keep, bool rounded) {
  attention_backward(pool, attention_of(q, k, v, lengths, keys, causal, window, keep), rounded,
                     {y.typed_data(), log_sum.typed_data(), dy.typed_data(), dq->typed_data(), dk->typed_data(), dv->typed_data()});
  return ffi::Error::Success();
}

auto binding(decltype(&attend_backward)) {
  return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Arg<Lengths>().Arg<Keys>()
      .Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>()
      .Attr<bool>("causal").Attr<int64_t>("window").Attr<float>("keep").Attr<bool>("rounded");
}

}  // namespace nn_zoo

NN_ZOO_KERNEL(attend);
NN_ZOO_KERNEL(attend_backward);
