#ifndef NNET_TWOFOLD_REQUANTISE_H_
#define NNET_TWOFOLD_REQUANTISE_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// clamp(round_half_even((x + bias) * multiplier / 2^shift) + zero_point).
// product_t holds (x + bias) * multiplier, 2^shift and the clamp's bounds, so nothing overflows before the clamp.
template <class data_T, class res_T, typename CONFIG_T>
res_T twofold_requantise_one(data_T x, typename CONFIG_T::multiplier_t multiplier, typename CONFIG_T::shift_t shift) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::product_t product_t;
    const unsigned places = shift.to_uint();
    const product_t biased = product_t(x) + product_t(CONFIG_T::bias);
    const product_t product = biased * multiplier;
    const product_t floor = product >> places;
    const product_t remainder = product - (floor << places);
    const product_t half = places == 0 ? product_t(0) : product_t(product_t(1) << (places - 1));
    const bool odd = floor[0];
    const bool up = places != 0 && (remainder > half || (remainder == half && odd));
    const product_t zero_point = CONFIG_T::zero_point;
    const product_t lowest = CONFIG_T::lowest;
    const product_t highest = CONFIG_T::highest;
    const product_t y = floor + zero_point + (up ? 1 : 0);
    return res_T(y < lowest ? lowest : y > highest ? highest : y);
}

// One pixel in reuse_factor cycles, with n_chan / reuse_factor multipliers.
template <class data_T, class res_T, typename CONFIG_T>
void twofold_requantise(hls::stream<data_T> &data, hls::stream<res_T> &res,
                        typename CONFIG_T::multiplier_t multiplier[CONFIG_T::n_chan],
                        typename CONFIG_T::shift_t shift[CONFIG_T::n_chan]) {
    #pragma HLS ARRAY_PARTITION variable=multiplier complete
    #pragma HLS ARRAY_PARTITION variable=shift complete
    #pragma HLS ALLOCATION operation instances=mul limit=DIV_ROUNDUP(CONFIG_T::n_chan, CONFIG_T::reuse_factor)
RequantisePixel:
    for (unsigned pixel = 0; pixel < CONFIG_T::n_in / CONFIG_T::n_chan; pixel++) {
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        data_T in = data.read();
        res_T out;
        PRAGMA_DATA_PACK(out)
        for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
            #pragma HLS UNROLL
            out[channel] = twofold_requantise_one<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(
                in[channel], multiplier[channel], shift[channel]);
        }
        res.write(out);
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void twofold_requantise(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_in],
                        typename CONFIG_T::multiplier_t multiplier[CONFIG_T::n_chan],
                        typename CONFIG_T::shift_t shift[CONFIG_T::n_chan]) {
    #pragma HLS ARRAY_PARTITION variable=multiplier complete
    #pragma HLS ARRAY_PARTITION variable=shift complete
    #pragma HLS ALLOCATION operation instances=mul limit=DIV_ROUNDUP(CONFIG_T::n_in, CONFIG_T::reuse_factor)
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        res[i] = twofold_requantise_one<data_T, res_T, CONFIG_T>(data[i], multiplier[i % CONFIG_T::n_chan],
                                                                 shift[i % CONFIG_T::n_chan]);
    }
}

} // namespace nnet

#endif
