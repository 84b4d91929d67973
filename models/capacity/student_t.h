// Student's t distribution, for two-sided intervals with few degrees of freedom. Pure; thread-safe.
#pragma once

namespace tidemark::capacity {

// P(T <= t) with `freedom` > 0 degrees of freedom, by the regularised incomplete beta function (continued fraction,
// Lentz).
double student_t_cdf(double t, double freedom);
// The t with P(T <= t) = p, 0 < p < 1; relative error < 1e-9. The half-width of a two-sided 95 % interval is
// student_t_quantile(0.975, freedom) standard errors.
double student_t_quantile(double p, double freedom);

}  // namespace tidemark::capacity
