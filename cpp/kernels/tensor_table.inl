// The tensor room's part of the table; places are set by their codes.
template <class L>
static constexpr void set_unary(UnaryKernel<typename L::Scalar>* at) {
  at[unary::neg] = unary_kernel<L, neg_of<L>>;
  at[unary::abs] = unary_kernel<L, abs_of<L>>;
  at[unary::sign] = unary_kernel<L, sign_of<L>>;
  at[unary::exp] = exp_kernel<L>;
  at[unary::expm1] = unary_kernel<L, expm1_of<L>>;
  at[unary::log] = unary_kernel<L, log_of<L>>;
  at[unary::log1p] = unary_kernel<L, log1p_of<L>>;
  at[unary::sqrt] = unary_kernel<L, sqrt_of<L>>;
  at[unary::rsqrt] = unary_kernel<L, rsqrt_of<L>>;
  at[unary::square] = unary_kernel<L, square_of<L>>;
  at[unary::reciprocal] = unary_kernel<L, reciprocal_of<L>>;
  at[unary::tanh] = unary_kernel<L, tanh_of<L>>;
  at[unary::sigmoid] = unary_kernel<L, sigmoid_of<L>>;
  at[unary::softplus] = softplus_kernel<L>;
  at[unary::erf] = unary_kernel<L, erf_of<L>>;
  at[unary::sin] = unary_kernel<L, circle_of<0>>;
  at[unary::cos] = unary_kernel<L, circle_of<1>>;
  at[unary::floor] = unary_kernel<L, floor_of<L>>;
  at[unary::ceil] = unary_kernel<L, ceil_of<L>>;
  at[unary::round] = unary_kernel<L, round_lanes>;
  at[unary::relu] = unary_kernel<L, relu_of<L>>;
  at[unary::silu] = unary_kernel<L, silu_of<L>>;
  at[unary::gelu] = unary_kernel<L, gelu_of<L>>;
  at[unary::gelu_tanh] = unary_kernel<L, gelu_tanh_of<L>>;
  at[unary::gelu_slope] = unary_kernel<L, gelu_slope_of<L>>;
  at[unary::gelu_tanh_slope] = unary_kernel<L, gelu_tanh_slope_of<L>>;
  at[unary::copy] = unary_kernel<L, copy_of<L>>;
}
template <class L>
static constexpr void set_whole_unary(UnaryKernel<typename L::Scalar>* at) {
  at[unary::neg] = unary_kernel<L, whole_neg<L>>;
  at[unary::abs] = unary_kernel<L, whole_abs<L>>;
  at[unary::sign] = unary_kernel<L, whole_sign<L>>;
  at[unary::square] = unary_kernel<L, whole_square<L>>;
  at[unary::relu] = unary_kernel<L, relu_of<L>>;
  at[unary::copy] = unary_kernel<L, copy_of<L>>;
}
template <class L>
static constexpr void set_binary(BinaryKernel<typename L::Scalar>* at) {
  at[binary::add] = binary_kernel<L, add_of<L>>;
  at[binary::sub] = binary_kernel<L, sub_of<L>>;
  at[binary::mul] = binary_kernel<L, mul_of<L>>;
  at[binary::div] = binary_kernel<L, div_of<L>>;
  at[binary::pow] = power_kernel<L>;
  at[binary::maximum] = binary_kernel<L, maximum_of<L>>;
  at[binary::minimum] = binary_kernel<L, minimum_of<L>>;
  at[binary::mod] = each_two<typename L::Scalar, real_mod>;
}
template <class L>
static constexpr void set_whole_binary(BinaryKernel<typename L::Scalar>* at) {
  using T = typename L::Scalar;
  at[binary::add] = binary_kernel<L, whole_add<L>>;
  at[binary::sub] = binary_kernel<L, whole_sub<L>>;
  at[binary::mul] = binary_kernel<L, whole_mul<L>>;
  at[binary::pow] = each_two<T, whole_power<T>>;
  at[binary::maximum] = binary_kernel<L, whole_maximum<L>>;
  at[binary::minimum] = binary_kernel<L, whole_minimum<L>>;
  at[binary::mod] = each_two<T, whole_mod<T>>;
  at[binary::div] = each_two<T, whole_quotient<T>>;
}
template <class L>
static constexpr void set_compare(CompareKernel<typename L::Scalar>* at) {
  at[compare::equal] = compare_kernel<L, compare::equal>;
  at[compare::not_equal] = compare_kernel<L, compare::not_equal>;
  at[compare::less] = compare_kernel<L, compare::less>;
  at[compare::less_equal] = compare_kernel<L, compare::less_equal>;
  at[compare::greater] = compare_kernel<L, compare::greater>;
  at[compare::greater_equal] = compare_kernel<L, compare::greater_equal>;
}
template <class From>
static constexpr void set_cast(CastKernel* at) {
  at[kind::f32] = cast_kernel<From, float>;
  at[kind::f64] = cast_kernel<From, double>;
  at[kind::i32] = cast_kernel<From, std::int32_t>;
  at[kind::i64] = cast_kernel<From, std::int64_t>;
  at[kind::b8] = cast_kernel<From, std::uint8_t>;
}
template <class L>
static constexpr void set_reduce(ReduceKernel<typename L::Scalar>* rows,
                                 ColumnsKernel<typename L::Scalar>* columns) {
  rows[reduce::sum] = sum_rows<L>;
  rows[reduce::max] = extreme_rows<L, 1>;
  rows[reduce::min] = extreme_rows<L, -1>;
  rows[reduce::prod] = prod_rows<L>;
  columns[reduce::sum] = real_columns<L, reduce::sum>;
  columns[reduce::max] = real_columns<L, reduce::max>;
  columns[reduce::min] = real_columns<L, reduce::min>;
  columns[reduce::prod] = real_columns<L, reduce::prod>;
}
template <class T>
static constexpr void set_whole_reduce(ReduceKernel<T>* rows, ColumnsKernel<T>* columns) {
  rows[reduce::max] = whole_rows<T, reduce::max>;
  rows[reduce::min] = whole_rows<T, reduce::min>;
  columns[reduce::max] = whole_columns<T, reduce::max>;
  columns[reduce::min] = whole_columns<T, reduce::min>;
  if constexpr (sizeof(T) > 1) {
    rows[reduce::sum] = whole_rows<T, reduce::sum>;
    rows[reduce::prod] = whole_rows<T, reduce::prod>;
    columns[reduce::sum] = whole_columns<T, reduce::sum>;
    columns[reduce::prod] = whole_columns<T, reduce::prod>;
  }
}
template <class L, class F>
static constexpr void set_update(F* at) {
  at[update::sgd] = update_kernel<L, update::sgd>;
  at[update::momentum] = update_kernel<L, update::momentum>;
  at[update::nesterov] = update_kernel<L, update::nesterov>;
  at[update::rmsprop] = update_kernel<L, update::rmsprop>;
  at[update::adagrad] = update_kernel<L, update::adagrad>;
  at[update::adam] = update_kernel<L, update::adam>;
}

static constexpr void set_tensor_kernels(Table& t) {
  set_unary<Single>(t.unary_f32);
  set_unary<Double>(t.unary_f64);
  set_whole_unary<Whole32>(t.unary_i32);
  set_whole_unary<Whole64>(t.unary_i64);
  set_binary<Single>(t.binary_f32);
  set_binary<Double>(t.binary_f64);
  set_whole_binary<Whole32>(t.binary_i32);
  set_whole_binary<Whole64>(t.binary_i64);
  t.mul_add_f32 = mul_add_kernel<Single>;
  t.mul_add_f64 = mul_add_kernel<Double>;
  set_compare<Single>(t.compare_f32);
  set_compare<Double>(t.compare_f64);
  set_compare<Whole32>(t.compare_i32);
  set_compare<Whole64>(t.compare_i64);
  t.compare_b8[compare::equal] = compare_bytes<compare::equal>;
  t.compare_b8[compare::not_equal] = compare_bytes<compare::not_equal>;
  t.compare_b8[compare::less] = compare_bytes<compare::less>;
  t.compare_b8[compare::less_equal] = compare_bytes<compare::less_equal>;
  t.compare_b8[compare::greater] = compare_bytes<compare::greater>;
  t.compare_b8[compare::greater_equal] = compare_bytes<compare::greater_equal>;
  t.logical_b8[logical::both] = logical_kernel<logical::both>;
  t.logical_b8[logical::either] = logical_kernel<logical::either>;
  t.logical_b8[logical::differ] = logical_kernel<logical::differ>;
  t.logical_not = logical_not;
  t.isfinite_f32 = isfinite_kernel<Single>;
  t.isfinite_f64 = isfinite_kernel<Double>;
  t.select_1 = select_kernel<std::uint8_t>;
  t.select_4 = select_kernel<std::uint32_t>;
  t.select_8 = select_kernel<std::uint64_t>;
  set_cast<float>(t.cast[kind::f32]);
  set_cast<double>(t.cast[kind::f64]);
  set_cast<std::int32_t>(t.cast[kind::i32]);
  set_cast<std::int64_t>(t.cast[kind::i64]);
  set_cast<std::uint8_t>(t.cast[kind::b8]);

  set_reduce<Single>(t.reduce_rows_f32, t.reduce_columns_f32);
  set_reduce<Double>(t.reduce_rows_f64, t.reduce_columns_f64);
  set_whole_reduce<std::int32_t>(t.reduce_rows_i32, t.reduce_columns_i32);
  set_whole_reduce<std::int64_t>(t.reduce_rows_i64, t.reduce_columns_i64);
  set_whole_reduce<std::uint8_t>(t.reduce_rows_b8, t.reduce_columns_b8);
  t.extreme_rows_f32[extreme::argmax] = extreme_places<Single, 1>;
  t.extreme_rows_f32[extreme::argmin] = extreme_places<Single, -1>;
  t.extreme_rows_f64[extreme::argmax] = extreme_places<Double, 1>;
  t.extreme_rows_f64[extreme::argmin] = extreme_places<Double, -1>;
  t.extreme_rows_i32[extreme::argmax] = whole_places<std::int32_t, 1>;
  t.extreme_rows_i32[extreme::argmin] = whole_places<std::int32_t, -1>;
  t.extreme_rows_i64[extreme::argmax] = whole_places<std::int64_t, 1>;
  t.extreme_rows_i64[extreme::argmin] = whole_places<std::int64_t, -1>;
  t.cumsum_rows_f32 = cumsum_rows<float, float>;
  t.cumsum_rows_f64 = cumsum_rows<double, double>;
  t.cumsum_rows_i32 = cumsum_rows<std::int32_t, std::uint32_t>;
  t.cumsum_rows_i64 = cumsum_rows<std::int64_t, std::uint64_t>;

  t.softmax_rows_f32 = softmax_rows<Single, soft::softmax>;
  t.softmax_rows_f64 = softmax_rows<Double, soft::softmax>;
  t.log_softmax_rows_f32 = softmax_rows<Single, soft::log_softmax>;
  t.log_softmax_rows_f64 = softmax_rows<Double, soft::log_softmax>;
  t.logsumexp_rows_f32 = softmax_rows<Single, soft::logsumexp>;
  t.logsumexp_rows_f64 = softmax_rows<Double, soft::logsumexp>;
  t.softmax_backward_f32 = softmax_backward<Single, false>;
  t.softmax_backward_f64 = softmax_backward<Double, false>;
  t.log_softmax_backward_f32 = softmax_backward<Single, true>;
  t.log_softmax_backward_f64 = softmax_backward<Double, true>;
  t.layer_norm_f32 = layer_norm<Single>;
  t.layer_norm_f64 = layer_norm<Double>;
  t.layer_norm_backward_f32 = layer_norm_backward<Single>;
  t.layer_norm_backward_f64 = layer_norm_backward<Double>;
  set_update<Single>(t.update_f32);
  set_update<Double>(t.update_f64);

  t.random_bits = random_bits;
  t.random_uniform_f32 = random_uniform_f32;
  t.random_uniform_f64 = random_uniform_f64;
  t.random_normal_f32 = random_normal_f32;
  t.random_normal_f64 = random_normal_f64;
  t.transpose_1 = transpose_kernel<std::uint8_t>;
  t.transpose_4 = transpose_kernel<std::uint32_t>;
  t.transpose_8 = transpose_kernel<std::uint64_t>;
}
