// options:
// options: -cl-opt-disable
// Operators, for each type and some vectors of it.
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

#define INTEGER(T)                                                              \
    kernel void integer_##T(global T *a, global const T *b, global const T *c)  \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        T x = b[i], y = c[i];                                                   \
        T r = x * y + (x >> 3) - (y << 2);                                      \
        r ^= (x & ~y) | (T)0x55;                                                \
        r += (x > y) ? x : (T)-y;                                               \
        a[i] = r;                                                               \
    }                                                                           \
    kernel void divide_##T(global T *a, global const T *b, global const T *c)   \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        a[i] = b[i] / c[i] + b[i] % (T)7 + b[i] / (T)10;                        \
    }                                                                           \
    kernel void shift_##T(global T *a, global const T *b, global const T *c)    \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        a[i] = (b[i] << c[i]) ^ (b[i] >> c[i]);                                 \
    }

#define REAL(T)                                                                 \
    kernel void real_##T(global T *a, global const T *b, global const T *c)     \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        T x = b[i], y = c[i];                                                   \
        a[i] = x * y + x / y - fabs(x) * (T)1.5f + fma(x, y, -x);               \
    }                                                                           \
    kernel void compare_##T(global int *a, global const T *b, global const T *c)\
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        T x = b[i], y = c[i];                                                   \
        a[i] = (x < y) + 2 * (x <= y) + 4 * (x == y) + 8 * (x != y) + 16 * isnan(x) \
            + 32 * isinf(y) + 64 * signbit(x) + 128 * isordered(x, y);          \
    }

#define VECTOR(T)                                                               \
    kernel void vector_##T(global T *a, global const T *b, global const T *c)   \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        T x = b[i], y = c[i];                                                   \
        a[i] = x * y + x - (y == x ? x : y).s1;                                 \
    }

INTEGER(char) INTEGER(uchar) INTEGER(short) INTEGER(ushort)
INTEGER(int) INTEGER(uint) INTEGER(long) INTEGER(ulong)
REAL(float) REAL(half)
VECTOR(char4) VECTOR(uchar16) VECTOR(short2) VECTOR(ushort8) VECTOR(int2) VECTOR(int4)
VECTOR(uint8) VECTOR(long2)

kernel void float4_swizzle(global float4 *a, global const float4 *b)
{
    size_t i = get_global_id(0);
    float4 x = b[i];
    a[i] = x.wzyx * x.xxyy + (float4)(dot(x, x), length(x.xy), 1.0f, x.z);
}

kernel void half8_sum(global half *a, global const half8 *b)
{
    half8 x = b[get_global_id(0)];
    half4 y = x.lo + x.hi;
    a[get_global_id(0)] = y.x + y.y * y.z - y.w;
}
