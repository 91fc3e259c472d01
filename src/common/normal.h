// The standard normal distribution, the same on every machine to well below what anybody rounds to.
#pragma once

namespace hearth {

// Probability of a value below z.
double normal_cdf(double z);

// The value below which a share `p` lies; 0 < p < 1, clamped to 1e-9 .. 1 - 1e-9. Rational
// approximation by Acklam (2003), relative error below 1.2e-9.
double normal_quantile(double p);

}  // namespace hearth
