#ifndef NNET_TWOFOLD_PRODUCT_H_
#define NNET_TWOFOLD_PRODUCT_H_

#include "nnet_common.h"
#include "nnet_mult.h"

namespace nnet {
namespace product {

// a times the weight of code w, by two shifts, an addition and a negation. w, from the top: sign, index of the
// first power of two, index of the second; TERMS shifts by the powers' exponents, or gives 0 for index 0.
template <class x_T, class w_T, class TERMS> class two_shifts : public Product {
  public:
    typedef ap_int<x_T::width + TERMS::highest + 2> y_T;

    static y_T product(x_T a, w_T w) {
        #pragma HLS INLINE
        const unsigned code = w.to_uint();
        const unsigned first = (code >> TERMS::second_bits) & ((1u << TERMS::first_bits) - 1);
        const unsigned second = code & ((1u << TERMS::second_bits) - 1);
        const bool negative = code >> (TERMS::first_bits + TERMS::second_bits);
        const y_T wide = a;
        const y_T sum = TERMS::first(wide, first) + TERMS::second(wide, second);
        return negative ? y_T(-sum) : sum;
    }
};

} // namespace product
} // namespace nnet

#endif
