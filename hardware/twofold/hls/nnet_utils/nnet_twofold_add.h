#ifndef NNET_TWOFOLD_ADD_H_
#define NNET_TWOFOLD_ADD_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// One operand at the sum's scale, which sum_t holds.
template <class CONFIG_T, unsigned factor, unsigned shift, class x_T> typename CONFIG_T::sum_t twofold_term(x_T x) {
    #pragma HLS INLINE
    const typename CONFIG_T::sum_t wide = x;
    return (factor == 1 ? wide : typename CONFIG_T::sum_t(wide * factor)) << shift;
}

// (a * factor_a << shift_a) + (b * factor_b << shift_b), exact in res_T. One pixel a cycle; n_in / n_chan cycles a frame.
template <class a_T, class b_T, class res_T, typename CONFIG_T>
void twofold_add(hls::stream<a_T> &a, hls::stream<b_T> &b, hls::stream<res_T> &res) {
AddPixel:
    for (unsigned pixel = 0; pixel < CONFIG_T::n_in / CONFIG_T::n_chan; pixel++) {
        #pragma HLS PIPELINE
        a_T left = a.read();
        b_T right = b.read();
        res_T out;
        PRAGMA_DATA_PACK(out)
        for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
            #pragma HLS UNROLL
            out[channel] = twofold_term<CONFIG_T, CONFIG_T::factor_a, CONFIG_T::shift_a>(left[channel]) +
                           twofold_term<CONFIG_T, CONFIG_T::factor_b, CONFIG_T::shift_b>(right[channel]);
        }
        res.write(out);
    }
}

template <class a_T, class b_T, class res_T, typename CONFIG_T>
void twofold_add(a_T a[CONFIG_T::n_in], b_T b[CONFIG_T::n_in], res_T res[CONFIG_T::n_in]) {
    #pragma HLS PIPELINE
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        res[i] = twofold_term<CONFIG_T, CONFIG_T::factor_a, CONFIG_T::shift_a>(a[i]) +
                 twofold_term<CONFIG_T, CONFIG_T::factor_b, CONFIG_T::shift_b>(b[i]);
    }
}

} // namespace nnet

#endif
