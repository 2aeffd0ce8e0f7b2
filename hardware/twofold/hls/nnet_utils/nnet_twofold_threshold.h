#ifndef NNET_TWOFOLD_THRESHOLD_H_
#define NNET_TWOFOLD_THRESHOLD_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// levels[number of thresholds <= x]; thresholds ascend, so the last one reached decides.
template <class data_T, class res_T, typename CONFIG_T>
res_T twofold_threshold_one(data_T x, unsigned channel,
                            typename CONFIG_T::threshold_t thresholds[CONFIG_T::n_chan * CONFIG_T::n_thresholds],
                            typename CONFIG_T::level_t levels[CONFIG_T::n_thresholds + 1]) {
    #pragma HLS INLINE
    res_T y = levels[0];
    for (unsigned k = 0; k < CONFIG_T::n_thresholds; k++) {
        #pragma HLS UNROLL
        if (x >= thresholds[channel * CONFIG_T::n_thresholds + k])
            y = levels[k + 1];
    }
    return y;
}

// One pixel in reuse_factor cycles, n_chan / reuse_factor channels in each. thresholds: [n_chan][n_thresholds].
template <class data_T, class res_T, typename CONFIG_T>
void twofold_threshold(hls::stream<data_T> &data, hls::stream<res_T> &res,
                       typename CONFIG_T::threshold_t thresholds[CONFIG_T::n_chan * CONFIG_T::n_thresholds],
                       typename CONFIG_T::level_t levels[CONFIG_T::n_thresholds + 1]) {
    const unsigned at_once = CONFIG_T::n_chan / CONFIG_T::reuse_factor;
    const unsigned word = at_once * CONFIG_T::n_thresholds;
    #pragma HLS ARRAY_RESHAPE variable=thresholds cyclic factor=word
    #pragma HLS ARRAY_PARTITION variable=levels complete
    data_T in;
    PRAGMA_DATA_PACK(in)
    res_T out;
    PRAGMA_DATA_PACK(out)
ThresholdPixel:
    for (unsigned pixel = 0; pixel < CONFIG_T::n_in / CONFIG_T::n_chan; pixel++) {
    ThresholdGroup:
        for (unsigned group = 0; group < CONFIG_T::reuse_factor; group++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE
            if (group == 0)
                in = data.read();
            for (unsigned place = 0; place < at_once; place++) {
                #pragma HLS UNROLL
                const unsigned channel = group * at_once + place;
                out[channel] =
                    twofold_threshold_one<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(
                        in[channel], channel, thresholds, levels);
            }
            if (group == CONFIG_T::reuse_factor - 1)
                res.write(out);
        }
    }
}

// Elements in reuse_factor cycles.
template <class data_T, class res_T, typename CONFIG_T>
void twofold_threshold(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_in],
                       typename CONFIG_T::threshold_t thresholds[CONFIG_T::n_chan * CONFIG_T::n_thresholds],
                       typename CONFIG_T::level_t levels[CONFIG_T::n_thresholds + 1]) {
    const unsigned at_once = CONFIG_T::n_in / CONFIG_T::reuse_factor;
    #pragma HLS ARRAY_PARTITION variable=thresholds complete
    #pragma HLS ARRAY_PARTITION variable=levels complete
ThresholdGroup:
    for (unsigned group = 0; group < CONFIG_T::reuse_factor; group++) {
        #pragma HLS PIPELINE
        for (unsigned place = 0; place < at_once; place++) {
            #pragma HLS UNROLL
            const unsigned i = group * at_once + place;
            res[i] = twofold_threshold_one<data_T, res_T, CONFIG_T>(data[i], i % CONFIG_T::n_chan, thresholds, levels);
        }
    }
}

} // namespace nnet

#endif
