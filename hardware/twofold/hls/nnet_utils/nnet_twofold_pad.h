#ifndef NNET_TWOFOLD_PAD_H_
#define NNET_TWOFOLD_PAD_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// A frame of `value` around a channels-last map. One pixel a cycle; out_height * out_width cycles a frame.
template <class data_T, class res_T, typename CONFIG_T>
void twofold_pad(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    const typename res_T::value_type value = CONFIG_T::value;
PadRow:
    for (unsigned row = 0; row < CONFIG_T::out_height; row++) {
    PadColumn:
        for (unsigned column = 0; column < CONFIG_T::out_width; column++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE
            const bool inside = row >= CONFIG_T::pad_top && row < CONFIG_T::pad_top + CONFIG_T::in_height &&
                                column >= CONFIG_T::pad_left && column < CONFIG_T::pad_left + CONFIG_T::in_width;
            res_T out;
            PRAGMA_DATA_PACK(out)
            if (inside) {
                data_T in = data.read();
                for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
                    #pragma HLS UNROLL
                    out[channel] = in[channel];
                }
            } else {
                for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
                    #pragma HLS UNROLL
                    out[channel] = value;
                }
            }
            res.write(out);
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void twofold_pad(data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_chan],
                 res_T res[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_chan]) {
    #pragma HLS PIPELINE
    const res_T value = CONFIG_T::value;
    for (unsigned row = 0; row < CONFIG_T::out_height; row++) {
        for (unsigned column = 0; column < CONFIG_T::out_width; column++) {
            for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
                const bool inside = row >= CONFIG_T::pad_top && row < CONFIG_T::pad_top + CONFIG_T::in_height &&
                                    column >= CONFIG_T::pad_left && column < CONFIG_T::pad_left + CONFIG_T::in_width;
                const unsigned to = (row * CONFIG_T::out_width + column) * CONFIG_T::n_chan + channel;
                if (inside) {
                    res[to] = data[((row - CONFIG_T::pad_top) * CONFIG_T::in_width + column - CONFIG_T::pad_left) *
                                       CONFIG_T::n_chan +
                                   channel];
                } else {
                    res[to] = value;
                }
            }
        }
    }
}

} // namespace nnet

#endif
