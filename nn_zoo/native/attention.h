// Attention and its gradient, without arrays of all pairs: block by block of targets, scores, their softmax, dropout and
// the sums over the sources stay in the caches, and the gradient makes the scores again.
//
// Source: Dao, Fu, Ermon, Rudra & Re 2022, "FlashAttention: Fast and memory-efficient exact attention with
// IO-awareness", https://arxiv.org/abs/2205.14135.
#pragma once

#include <cmath>
#include <limits>

#include "elementary.h"
#include "random.h"
#include "strided.h"

namespace nn_zoo {

// q, y: [batch, time, heads, width]; k, v: [batch, source, groups, width]; log_sum: [batch, heads, time].
struct Attention {
  int64_t batch, time, source, heads, groups, width;
  bool causal;
  int64_t window;          // of sources, with causal; 0: all
  float keep;              // share of the weights that dropout keeps
  const int32_t* lengths;  // of the sources of each text
  const uint32_t* keys;    // two words for each of as many equal shares of the batch
  int64_t key_count;
  const float *q, *k, *v;

  float scale() const { return 1.0f / std::sqrt(static_cast<float>(width)); }
  int64_t shared() const { return heads / groups; }
  int64_t query(int64_t b, int64_t t, int64_t h) const { return ((b * time + t) * heads + h) * width; }
  int64_t key(int64_t b, int64_t s, int64_t g) const { return ((b * source + s) * groups + g) * width; }
};

// Some targets of one head, and the sources that any of them may see, from a multiple of PART on.
struct Targets {
  const Attention& f;
  int64_t b, h, top, rows, first, count;

  Targets(const Attention& f, int64_t b, int64_t h, int64_t block)
      : f(f), b(b), h(h), top(block * PART), rows(std::min(PART, f.time - top)) {
    first = f.window ? std::max<int64_t>(0, top - f.window + 1) / PART * PART : 0;
    int64_t end = std::min<int64_t>(f.source, f.lengths[b]);
    if (f.causal) end = std::min(end, top + rows);
    count = std::max<int64_t>(0, end - first);
  }
  int64_t step() const { return ceil_div(count, LANES) * LANES; }
  // What a row's target may see, counted from the first source.
  int64_t begin(int64_t row) const { return f.window ? std::max<int64_t>(0, top + row - f.window + 1 - first) : 0; }
  int64_t end(int64_t row) const { return f.causal ? std::min(count, top + row + 1 - first) : count; }
  int64_t place(int64_t row) const { return (b * f.heads + h) * f.time + top + row; }

  // 1 for each source of a row that dropout keeps; the draws are those of an array [batch, heads, time, source].
  const uint8_t* draws(int64_t row, uint8_t* room) const {
    const int64_t each = f.batch / f.key_count, before = b / each * each * f.heads * f.time;
    const uint64_t at = (place(row) - before) * f.source + first, start = at / PART * PART;
    const auto limit = static_cast<uint32_t>(std::ceil(f.keep * double(1 << 23)));
    bernoulli_block(f.keys + 2 * (b / each), start, at + std::max<int64_t>(0, end(row)), limit, room - start);
    return room + (at - start);
  }
};

// x, or 0 where nothing was drawn.
inline Vector drawn(const uint8_t* from, Vector x) {
  Bytes bytes;
  std::memcpy(&bytes, from, LANES);
  return __builtin_convertvector(bytes, Integers) != 0 ? x : Vector{};
}

inline void outside(float* row, int64_t begin, int64_t end, int64_t step, float value) {
  std::fill(row, row + begin, value);
  std::fill(row + std::max(begin, end), row + step, value);
}

// Scores to weights, with dropout; returns log sum exp of what is seen, infinite if that is nothing.
inline float softmax(const Targets& at, int64_t row, float* x, uint8_t* room) {
  const int64_t begin = at.begin(row), end = at.end(row), step = at.step();
  const float scale = at.f.scale();
  if (begin >= end) {
    std::fill(x, x + step, 0.0f);
    return std::numeric_limits<float>::infinity();
  }
  outside(x, begin, end, step, -std::numeric_limits<float>::infinity());
  Vector high = load(x), sum{};
  for (int64_t s = LANES; s < step; s += LANES) {
    const Vector now = load(x + s);
    high = now > high ? now : high;
  }
  const float most = joined(high, [](Vector a, Vector b) { return a > b ? a : b; });
  for (int64_t s = 0; s < step; s += LANES) {
    const Vector e = exponential((load(x + s) - most) * scale);
    store(x + s, e), sum += e;
  }
  const float whole = total(sum), factor = 1.0f / (whole * at.f.keep);
  const uint8_t* kept = at.f.keep < 1 ? at.draws(row, room) : nullptr;
  for (int64_t s = 0; s < step; s += LANES) {
    const Vector p = load(x + s) * factor;
    store(x + s, kept ? drawn(kept + s, p) : p);
  }
  outside(x, begin, end, step, 0.0f);
  return most * scale + std::log(whole);
}

// Scores x and gradients dp of the weights with dropout, to those weights and to gradients of the scores.
inline void softmax_backward(const Targets& at, int64_t row, float log_sum, float slope, float* x, float* dp, uint8_t* room) {
  const int64_t begin = at.begin(row), end = at.end(row), step = at.step();
  const float scale = at.f.scale(), more = 1.0f / at.f.keep;
  const uint8_t* kept = at.f.keep < 1 && begin < end ? at.draws(row, room) : nullptr;
  for (int64_t s = 0; s < step && begin < end; s += LANES) {
    const Vector p = exponential(load(x + s) * scale - log_sum), thinned = kept ? drawn(kept + s, p * more) : p;
    store(dp + s, (thinned * load(dp + s) - p * slope) * scale);
    store(x + s, thinned);
  }
  outside(x, std::min(begin, step), end, step, 0.0f);
  outside(dp, std::min(begin, step), end, step, 0.0f);
}

inline thread_local Scratch attention_scratch;

// Memory for parts of so many floats.
template <int N>
inline void carve(const int64_t (&sizes)[N], float* (&parts)[N]) {
  int64_t all = 0;
  for (const int64_t size : sizes) all += ceil_div(size, PART) * PART;
  parts[0] = attention_scratch.floats(all);
  for (int n = 1; n < N; ++n) parts[n] = parts[n - 1] + ceil_div(sizes[n - 1], PART) * PART;
}

inline int64_t scores_of(const Attention& f) { return PART * ceil_div(f.source, LANES) * LANES; }
inline int64_t draws_of(const Attention& f) { return (f.source + 4 * PART) / sizeof(float); }

// Blocks of targets first ... end - 1 of the heads that share the keys of a group.
template <class Form>
void attend_group(const Attention& f, int64_t b, int64_t g, int64_t first, int64_t end, float* y, float* log_sum) {
  float* parts[4];
  carve({Form::floats(f.width, f.source), Form::floats(f.source, f.width), scores_of(f), draws_of(f)}, parts);
  auto [keys, values, x, room] = parts;
  const int64_t q_step = f.heads * f.width, k_step = f.groups * f.width;
  Form::pack({f.k + f.key(b, 0, g), k_step, true}, f.width, f.source, keys);
  Form::pack({f.v + f.key(b, 0, g), k_step, false}, f.source, f.width, values);
  for (int64_t h = g * f.shared(); h < (g + 1) * f.shared(); ++h)
    for (int64_t block = first; block < end; ++block) {
      const Targets at(f, b, h, block);
      const int64_t place = f.query(b, at.top, h);
      Form::multiply({at.rows, f.width, at.count, {f.q + place, q_step, false}, {keys, f.width, 0, at.first}, x, at.step(), false});
      for (int64_t row = 0; row < at.rows; ++row) {
        log_sum[at.place(row)] = softmax(at, row, x + row * at.step(), reinterpret_cast<uint8_t*>(room));
        if (at.count == 0) std::fill_n(y + place + row * q_step, f.width, 0.0f);
      }
      Form::multiply({at.rows, at.count, f.width, {x, at.step(), false}, {values, f.source, at.first, 0}, y + place, q_step, false});
    }
}

struct AttentionGradient {
  const float *y, *log_sum, *dy;
  float *dq, *dk, *dv;
};

// Of the heads that share the keys of a group.
template <class Form>
void attend_group_backward(const Attention& f, const AttentionGradient& r, int64_t b, int64_t g) {
  float* parts[8];
  const int64_t wide = Form::floats(f.width, f.source), block_size = Form::floats(PART, f.width);
  carve({wide, wide, Form::floats(f.source, f.width), block_size, block_size, scores_of(f), scores_of(f), draws_of(f)}, parts);
  auto [keys, values, keys_back, queries, slopes, x, dp, room] = parts;
  const int64_t q_step = f.heads * f.width, k_step = f.groups * f.width, own = f.key(b, 0, g);
  Form::pack({f.k + own, k_step, true}, f.width, f.source, keys);
  Form::pack({f.v + own, k_step, true}, f.width, f.source, values);
  Form::pack({f.k + own, k_step, false}, f.source, f.width, keys_back);
  for (int64_t s = 0; s < f.source; ++s)
    for (float* to : {r.dk, r.dv}) std::fill_n(to + own + s * k_step, f.width, 0.0f);
  for (int64_t h = g * f.shared(); h < (g + 1) * f.shared(); ++h)
    for (int64_t block = 0; block < ceil_div(f.time, PART); ++block) {
      const Targets at(f, b, h, block);
      const int64_t place = f.query(b, at.top, h), step = at.step(), seen = own + at.first * k_step;
      const Matrix q{f.q + place, q_step, false}, dy{r.dy + place, q_step, false};
      Form::multiply({at.rows, f.width, at.count, q, {keys, f.width, 0, at.first}, x, step, false});
      Form::multiply({at.rows, f.width, at.count, dy, {values, f.width, 0, at.first}, dp, step, false});
      for (int64_t row = 0; row < at.rows; ++row) {
        Vector slope{};
        const float *y = r.y + place + row * q_step, *back = dy.data + row * q_step;
        for (int64_t n = 0; n < f.width; n += LANES)
          slope += load(y + n, static_cast<int>(f.width - n)) * load(back + n, static_cast<int>(f.width - n));
        softmax_backward(at, row, r.log_sum[at.place(row)], total(slope), x + row * step, dp + row * step,
                         reinterpret_cast<uint8_t*>(room));
        if (at.count == 0) std::fill_n(r.dq + place + row * q_step, f.width, 0.0f);
      }
      Form::pack(dy, at.rows, f.width, slopes);
      Form::pack(q, at.rows, f.width, queries);
      Form::multiply({at.count, at.rows, f.width, {x, step, true}, {slopes, at.rows, 0, 0}, r.dv + seen, k_step, true});
      Form::multiply({at.count, at.rows, f.width, {dp, step, true}, {queries, at.rows, 0, 0}, r.dk + seen, k_step, true});
      Form::multiply({at.rows, at.count, f.width, {dp, step, false}, {keys_back, f.source, at.first, 0}, r.dq + place, q_step, false});
    }
}

// Calls run(form) with the form of the products.
template <typename Run>
inline void with_form(bool rounded, Run run) {
#if defined(NN_ZOO_MATRIX_UNIT)
  if (rounded && has_matrix_unit()) return run(Rounded{});
#endif
  run(Exact{});
}

inline void attention(const Threads& threads, const Attention& f, bool rounded, float* y, float* log_sum) {
  with_form(rounded, [&](auto form) {
    using Form = decltype(form);
    const int64_t blocks = ceil_div(f.time, PART), entries = std::max<int64_t>(1, f.batch * f.groups);
    const int64_t parts = std::min(blocks, ceil_div(TASKS * threads.count(), entries));
    parallel_for(threads, f.batch * f.groups * parts, [&, parts](int64_t n) {
      const int64_t entry = n / parts, part = n % parts;
      Form::begin();
      attend_group<Form>(f, entry / f.groups, entry % f.groups, part * blocks / parts, (part + 1) * blocks / parts, y, log_sum);
      Form::end();
    });
  });
}

inline void attention_backward(const Threads& threads, const Attention& f, bool rounded, const AttentionGradient& r) {
  with_form(rounded, [&](auto form) {
    using Form = decltype(form);
    parallel_for(threads, f.batch * f.groups, [&](int64_t n) {
      Form::begin();
      attend_group_backward<Form>(f, r, n / f.groups, n % f.groups);
      Form::end();
    });
  });
}

}  // namespace nn_zoo
