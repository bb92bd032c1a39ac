// options:
// Conversions between types, with rounding and saturation.
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

#define PLAIN(F, T)                                                             \
    kernel void F##_to_##T(global T *a, global const F *b)                      \
    {                                                                           \
        a[get_global_id(0)] = convert_##T(b[get_global_id(0)]);                 \
    }
#define SATURATED(F, T)                                                         \
    kernel void F##_to_##T##_sat(global T *a, global const F *b)                \
    {                                                                           \
        a[get_global_id(0)] = convert_##T##_sat(b[get_global_id(0)]);           \
    }
#define ROUNDED(F, T, R)                                                        \
    kernel void F##_to_##T##R(global T *a, global const F *b)                   \
    {                                                                           \
        a[get_global_id(0)] = convert_##T##R(b[get_global_id(0)]);              \
    }

PLAIN(float, char) PLAIN(float, uchar) PLAIN(float, short) PLAIN(float, ushort) PLAIN(float, int)
PLAIN(float, uint) PLAIN(float, long) PLAIN(float, ulong) PLAIN(float, half)
PLAIN(half, float) PLAIN(half, int) PLAIN(half, uchar) PLAIN(half, long)
PLAIN(char, float) PLAIN(uchar, half) PLAIN(short, float) PLAIN(ushort, half) PLAIN(int, float)
PLAIN(uint, half) PLAIN(long, float) PLAIN(ulong, float)
PLAIN(char, long) PLAIN(long, short) PLAIN(ushort, uint) PLAIN(int, uchar)
PLAIN(float4, uchar4) PLAIN(uchar4, float4) PLAIN(char8, short8)
SATURATED(float, char) SATURATED(float, uint) SATURATED(float, long) SATURATED(int, uchar)
SATURATED(long, int) SATURATED(ulong, uint) SATURATED(uint, short) SATURATED(short, uchar)
ROUNDED(float, int, _rte) ROUNDED(float, int, _rtp) ROUNDED(float, int, _rtn) ROUNDED(float, int, _rtz)
ROUNDED(int, float, _rtp) ROUNDED(long, float, _rtz) ROUNDED(float, half, _rtz) ROUNDED(float, half, _rtp)
