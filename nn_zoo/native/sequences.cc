// Recurrent cells over sequences of floats on a CPU, as XLA's foreign functions.
#include "binding.h"
#include "recurrence.h"

namespace nn_zoo {

// The number of a cell is its place in CELLS of nn_zoo/ops/recurrence_cells.py.
template <typename Walk>
ffi::Error with_cell(const Threads& threads, int64_t cell, const Walk& f) {
  switch (cell) {
    case 0: walk<Rnn<true>>(threads, f); break;
    case 1: walk<Rnn<false>>(threads, f); break;
    case 2: walk<Lstm>(threads, f); break;
    case 3: walk<Gru>(threads, f); break;
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
  return with_cell({pool, true}, cell, Forward{sequences(h0.dimensions(), y->element_count(), lengths, reverse), x.dimensions()[2],
                   x.typed_data(), input.typed_data(), recurrent.typed_data(), bias.typed_data(), recurrent_bias.typed_data(), h0.typed_data(),
                   c0.typed_data(), y->typed_data(),
                   gates->element_count() ? gates->typed_data() : y->typed_data(), given(*kept), h->typed_data(),
                   c->typed_data()});
}

ffi::Error recurrence_backward(ffi::ThreadPool pool, Buffer gates, Buffer kept, Buffer dy, Buffer recurrent,
                               Buffer h_before, Buffer c0, Buffer dh_last, Buffer dc_last, Lengths lengths, Result dg,
                               Result dr, Result dh, Result dc, Result bias, int64_t cell, int64_t reverse) {
  return with_cell({pool, true}, cell, Backward{sequences(dh_last.dimensions(), dy.element_count(), lengths, reverse), gates.typed_data(),
                   kept.typed_data(), dy.typed_data(), recurrent.typed_data(), h_before.typed_data(), c0.typed_data(),
                   dh_last.typed_data(), dc_last.typed_data(), dg->typed_data(), dr->typed_data(), dh->typed_data(),
                   dc->typed_data(), bias->typed_data()});
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
      .Arg<Lengths>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>().Ret<Buffer>()
      .Attr<int64_t>("cell").Attr<int64_t>("reverse");
}

}  // namespace nn_zoo

NN_ZOO_KERNEL(recurrence);
NN_ZOO_KERNEL(recurrence_backward);
