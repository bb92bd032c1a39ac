// options:
// options: -cl-fast-relaxed-math
// options: -cl-fp32-correctly-rounded-divide-sqrt -cl-denorms-are-zero
// Functions of floats, a kernel each.

#define ONE(f) kernel void f##_1(global float *a, global const float *b) \
    { size_t i = get_global_id(0); a[i] = f(b[i]); }
#define TWO(f) kernel void f##_2(global float *a, global const float *b) \
    { size_t i = get_global_id(0); a[i] = f(b[i], b[i + 1]); }
#define THREE(f) kernel void f##_3(global float *a, global const float *b) \
    { size_t i = get_global_id(0); a[i] = f(b[i], b[i + 1], b[i + 2]); }

ONE(acos) ONE(acosh) ONE(acospi) ONE(asin) ONE(asinh) ONE(asinpi) ONE(atan) ONE(atanh)
ONE(atanpi) ONE(cbrt) ONE(ceil) ONE(cos) ONE(cosh) ONE(cospi) ONE(erf) ONE(erfc) ONE(exp)
ONE(exp2) ONE(exp10) ONE(expm1) ONE(fabs) ONE(floor) ONE(lgamma) ONE(log) ONE(log2) ONE(log10)
ONE(log1p) ONE(logb) ONE(rint) ONE(round) ONE(rsqrt) ONE(sin) ONE(sinh) ONE(sinpi) ONE(sqrt)
ONE(tan) ONE(tanh) ONE(tanpi) ONE(tgamma) ONE(trunc) ONE(native_cos) ONE(native_exp)
ONE(native_exp2) ONE(native_log) ONE(native_log2) ONE(native_recip) ONE(native_rsqrt)
ONE(native_sin) ONE(native_sqrt) ONE(native_tan) ONE(half_cos) ONE(half_exp) ONE(half_log)
ONE(half_recip) ONE(half_rsqrt) ONE(half_sin) ONE(half_sqrt) ONE(half_tan) ONE(degrees)
ONE(radians) ONE(sign)
TWO(atan2) TWO(atan2pi) TWO(copysign) TWO(fdim) TWO(fmax) TWO(fmin) TWO(fmod) TWO(hypot)
TWO(maxmag) TWO(minmag) TWO(nextafter) TWO(pow) TWO(powr) TWO(remainder) TWO(native_divide)
TWO(native_powr) TWO(half_divide) TWO(half_powr) TWO(step)
THREE(fma) THREE(mad) THREE(clamp) THREE(mix) THREE(smoothstep)

kernel void pieces(global float *a, global const float *b, global int *c)
{
    size_t i = get_global_id(0);
    float whole;
    int exponent, quotient;
    a[i] = frexp(b[i], &exponent) + modf(b[i], &whole) * whole + remquo(b[i], b[i + 1], &quotient);
    a[i] += fract(b[i], &whole) + ldexp(b[i], exponent) + pown(b[i], quotient) + rootn(b[i], 3);
    c[i] = exponent + ilogb(b[i]);
}

kernel void divide_and_root(global float *a, global const float *b)
{
    size_t i = get_global_id(0);
    a[i] = b[i] / b[i + 1] + sqrt(b[i + 2]) + 1.0f / b[i + 3];
}

kernel void vectors(global float4 *a, global const float4 *b)
{
    size_t i = get_global_id(0);
    a[i] = normalize(b[i]) + cross(b[i], b[i + 1]) * distance(b[i], b[i + 1]) + fast_normalize(b[i]);
}
