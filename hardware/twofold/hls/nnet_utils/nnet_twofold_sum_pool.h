#ifndef NNET_TWOFOLD_SUM_POOL_H_
#define NNET_TWOFOLD_SUM_POOL_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace nnet {

// Sums over windows that do not overlap (kernel <= stride), exact in res_T.
// One pixel a cycle; in_height * in_width cycles a frame; one row of windows is held.
template <class data_T, class res_T, typename CONFIG_T>
void twofold_sum_pool(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    res_T sums[CONFIG_T::out_width];
    #pragma HLS ARRAY_PARTITION variable=sums complete
SumRow:
    for (unsigned row = 0; row < CONFIG_T::in_height; row++) {
    SumColumn:
        for (unsigned column = 0; column < CONFIG_T::in_width; column++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE
            data_T in = data.read();
            const unsigned y = row % CONFIG_T::stride_height;
            const unsigned x = column % CONFIG_T::stride_width;
            const unsigned window = column / CONFIG_T::stride_width;
            const bool inside = row / CONFIG_T::stride_height < CONFIG_T::out_height && window < CONFIG_T::out_width &&
                                y < CONFIG_T::pool_height && x < CONFIG_T::pool_width;
            if (inside) {
                res_T sum = sums[window];
                PRAGMA_DATA_PACK(sum)
                for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
                    #pragma HLS UNROLL
                    if (y == 0 && x == 0)
                        sum[channel] = in[channel];
                    else
                        sum[channel] += in[channel];
                }
                sums[window] = sum;
                if (y == CONFIG_T::pool_height - 1 && x == CONFIG_T::pool_width - 1)
                    res.write(sum);
            }
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void twofold_sum_pool(data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_chan],
                      res_T res[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_chan]) {
    #pragma HLS PIPELINE
    for (unsigned row = 0; row < CONFIG_T::out_height; row++) {
        for (unsigned column = 0; column < CONFIG_T::out_width; column++) {
            for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
                res_T sum = 0;
                for (unsigned y = 0; y < CONFIG_T::pool_height; y++) {
                    for (unsigned x = 0; x < CONFIG_T::pool_width; x++) {
                        sum += data[((row * CONFIG_T::stride_height + y) * CONFIG_T::in_width +
                                     column * CONFIG_T::stride_width + x) *
                                        CONFIG_T::n_chan +
                                    channel];
                    }
                }
                res[(row * CONFIG_T::out_width + column) * CONFIG_T::n_chan + channel] = sum;
            }
        }
    }
}

} // namespace nnet

#endif
