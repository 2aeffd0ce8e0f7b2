#ifndef NNET_TWOFOLD_ADD_H_
#define NNET_TWOFOLD_ADD_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// (a << shift_a) + (b << shift_b), exact in res_T. One pixel a cycle; n_in / n_chan cycles a frame.
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
            out[channel] = (typename CONFIG_T::sum_t(left[channel]) << CONFIG_T::shift_a) +
                           (typename CONFIG_T::sum_t(right[channel]) << CONFIG_T::shift_b);
        }
        res.write(out);
    }
}

template <class a_T, class b_T, class res_T, typename CONFIG_T>
void twofold_add(a_T a[CONFIG_T::n_in], b_T b[CONFIG_T::n_in], res_T res[CONFIG_T::n_in]) {
    #pragma HLS PIPELINE
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        res[i] = (typename CONFIG_T::sum_t(a[i]) << CONFIG_T::shift_a) +
                 (typename CONFIG_T::sum_t(b[i]) << CONFIG_T::shift_b);
    }
}

} // namespace nnet

#endif
