#ifndef NNET_TWOFOLD_CONCAT_H_
#define NNET_TWOFOLD_CONCAT_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// The channels of a, then those of b. One pixel a cycle; n_pixels cycles a frame.
template <class a_T, class b_T, class res_T, typename CONFIG_T>
void twofold_concat(hls::stream<a_T> &a, hls::stream<b_T> &b, hls::stream<res_T> &res) {
ConcatPixel:
    for (unsigned pixel = 0; pixel < CONFIG_T::n_pixels; pixel++) {
        #pragma HLS PIPELINE
        a_T left = a.read();
        b_T right = b.read();
        res_T out;
        PRAGMA_DATA_PACK(out)
        for (unsigned channel = 0; channel < CONFIG_T::n_chan_a; channel++) {
            #pragma HLS UNROLL
            out[channel] = left[channel];
        }
        for (unsigned channel = 0; channel < CONFIG_T::n_chan_b; channel++) {
            #pragma HLS UNROLL
            out[CONFIG_T::n_chan_a + channel] = right[channel];
        }
        res.write(out);
    }
}

template <class a_T, class b_T, class res_T, typename CONFIG_T>
void twofold_concat(a_T a[CONFIG_T::n_pixels * CONFIG_T::n_chan_a], b_T b[CONFIG_T::n_pixels * CONFIG_T::n_chan_b],
                    res_T res[CONFIG_T::n_pixels * (CONFIG_T::n_chan_a + CONFIG_T::n_chan_b)]) {
    #pragma HLS PIPELINE
    const unsigned channels = CONFIG_T::n_chan_a + CONFIG_T::n_chan_b;
    for (unsigned pixel = 0; pixel < CONFIG_T::n_pixels; pixel++) {
        for (unsigned channel = 0; channel < CONFIG_T::n_chan_a; channel++)
            res[pixel * channels + channel] = a[pixel * CONFIG_T::n_chan_a + channel];
        for (unsigned channel = 0; channel < CONFIG_T::n_chan_b; channel++)
            res[pixel * channels + CONFIG_T::n_chan_a + channel] = b[pixel * CONFIG_T::n_chan_b + channel];
    }
}

} // namespace nnet

#endif
