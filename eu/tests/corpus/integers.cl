// options:
// Functions of integers, a kernel each.

#define ONE(f, T) kernel void f##_##T(global T *a, global const T *b) \
    { size_t i = get_global_id(0); a[i] = f(b[i]); }
#define TWO(f, T) kernel void f##_##T(global T *a, global const T *b) \
    { size_t i = get_global_id(0); a[i] = f(b[i], b[i + 1]); }
#define THREE(f, T) kernel void f##_##T(global T *a, global const T *b) \
    { size_t i = get_global_id(0); a[i] = f(b[i], b[i + 1], b[i + 2]); }

ONE(popcount, char) ONE(popcount, ushort) ONE(popcount, int) ONE(popcount, uint)
ONE(popcount, long) ONE(popcount, ulong)
ONE(clz, char) ONE(clz, ushort) ONE(clz, int) ONE(clz, uint) ONE(clz, long) ONE(clz, ulong)
ONE(ctz, char) ONE(ctz, ushort) ONE(ctz, int) ONE(ctz, uint) ONE(ctz, long) ONE(ctz, ulong)
TWO(add_sat, char) TWO(add_sat, ushort) TWO(add_sat, int) TWO(add_sat, uint) TWO(add_sat, long)
TWO(add_sat, ulong)
TWO(sub_sat, char) TWO(sub_sat, ushort) TWO(sub_sat, int) TWO(sub_sat, uint) TWO(sub_sat, long)
TWO(sub_sat, ulong)
TWO(hadd, char) TWO(hadd, ushort) TWO(hadd, int) TWO(hadd, uint) TWO(hadd, long)
TWO(hadd, ulong)
TWO(rhadd, char) TWO(rhadd, ushort) TWO(rhadd, int) TWO(rhadd, uint) TWO(rhadd, long)
TWO(rhadd, ulong)
TWO(mul_hi, char) TWO(mul_hi, ushort) TWO(mul_hi, int) TWO(mul_hi, uint) TWO(mul_hi, long)
TWO(mul_hi, ulong)
TWO(rotate, char) TWO(rotate, ushort) TWO(rotate, int) TWO(rotate, uint) TWO(rotate, long)
TWO(rotate, ulong)
TWO(min, char) TWO(min, ushort) TWO(min, int) TWO(min, uint) TWO(min, long) TWO(min, ulong)
TWO(max, char) TWO(max, ushort) TWO(max, int) TWO(max, uint) TWO(max, long) TWO(max, ulong)
THREE(mad_hi, char) THREE(mad_hi, ushort) THREE(mad_hi, int) THREE(mad_hi, uint)
THREE(mad_hi, long) THREE(mad_hi, ulong)
THREE(mad_sat, char) THREE(mad_sat, ushort) THREE(mad_sat, int) THREE(mad_sat, uint)
THREE(mad_sat, long) THREE(mad_sat, ulong)
THREE(bitselect, char) THREE(bitselect, ushort) THREE(bitselect, int) THREE(bitselect, uint)
THREE(bitselect, long) THREE(bitselect, ulong)
THREE(clamp, char) THREE(clamp, ushort) THREE(clamp, int) THREE(clamp, uint) THREE(clamp, long)
THREE(clamp, ulong)
TWO(mul24, int) TWO(mul24, uint) THREE(mad24, int)

kernel void differences(global uint *a, global const int *b, global const short *c)
{
    size_t i = get_global_id(0);
    a[i] = abs(b[i]) + abs_diff(b[i], b[i + 1]) + abs(c[i]) + upsample((ushort)c[i], (ushort)c[i + 1]);
}

kernel void fields(global uint *a, global const uint *b)
{
    size_t i = get_global_id(0);
    uint x = b[i];
    a[i] = ((x >> 5) & 0x7F) | ((x & 0xFF) << 13) | ((x >> 24) ^ (int)x << 9 >> 20);
}

kernel void reversed(global uint *a, global const uint *b)
{
    size_t i = get_global_id(0);
    uint x = b[i];
    x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
    x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
    x = (x & 0x0F0F0F0F) << 4 | (x >> 4 & 0x0F0F0F0F);
    x = (x & 0x00FF00FF) << 8 | (x >> 8 & 0x00FF00FF);
    a[i] = x << 16 | x >> 16;
}

kernel void wide(global ulong *a, global const ulong *b)
{
    size_t i = get_global_id(0);
    a[i] = b[i] * b[i + 1] + (b[i] > b[i + 2] ? b[i] - 1 : b[i] >> 33);
}
