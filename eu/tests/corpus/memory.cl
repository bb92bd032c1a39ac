// options: -cl-std=CL3.0
// options: -cl-std=CL3.0 -cl-opt-disable
// options: -cl-std=CL3.0 -cl-intel-greater-than-4GB-buffer-required
// Loads and stores of all sizes, in all address spaces.
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

struct mixed { char c; short s; int i; long l; float f[3]; };

constant float table[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 3, 9, 27, 81, 5, 25, 125, 625 };

#define COPY(T)                                                                 \
    kernel void copy_##T(global T *a, global const T *b, global const int *c)   \
    {                                                                           \
        a[get_global_id(0)] = b[c[get_global_id(0)]];                           \
    }                                                                           \
    kernel void local_##T(global T *a, local T *b)                              \
    {                                                                           \
        int i = get_local_id(0);                                                \
        b[i] = a[get_global_id(0)];                                             \
        barrier(CLK_LOCAL_MEM_FENCE);                                           \
        a[get_global_id(0)] = b[i ^ 3];                                         \
    }

COPY(char) COPY(short) COPY(int) COPY(long) COPY(half) COPY(char2) COPY(uchar4) COPY(short4)
COPY(int2) COPY(int3) COPY(float4) COPY(int8) COPY(float16) COPY(long4)

kernel void structure(global struct mixed *a, global const struct mixed *b)
{
    size_t i = get_global_id(0);
    struct mixed x = b[i];
    x.c++;
    x.s -= x.c;
    x.l += x.i;
    x.f[2] = x.f[0] * x.f[1];
    a[i] = x;
}

kernel void private_array(global int *a, global const int *b)
{
    int x[64];
    size_t i = get_global_id(0);
    for (int k = 0; k < 64; k++)
        x[k] = b[i + k];
    for (int k = 0; k < 64; k++)
        x[b[k] & 63] += x[k];
    a[i] = x[b[i] & 63];
}

kernel void registers_spilled(global float *a, global const float4 *b, int n)
{
    float4 x[48];
    size_t i = get_global_id(0);
    for (int k = 0; k < 48; k++)
        x[k] = b[i * 48 + k];
    for (int j = 0; j < n; j++)
        for (int k = 0; k < 48; k++)
            x[k] = x[k] * x[(k * 7 + 1) % 48] + b[j];
    float4 sum = 0;
    for (int k = 0; k < 48; k++)
        sum += x[k];
    a[i] = sum.x + sum.y + sum.z + sum.w;
}

kernel void constants(global float *a, constant float *b, global const int *c)
{
    size_t i = get_global_id(0);
    a[i] = table[c[i] & 15] * b[i & 7] + b[3];
}

kernel void unaligned(global char *a, global const char *b)
{
    size_t i = get_global_id(0);
    vstore3(vload3(i, b), i, a);
    vstore_half(vload_half(i, (global const half *)b), i, (global half *)a);
    vstore_half4_rtz(vload_half4(i, (global const half *)b), i, (global half *)a + 8);
}

kernel void either_space(global int *a, local int *b, int n)
{
    int i = get_local_id(0);
    int *p = n & 1 ? (int *)a : (int *)b;
    p[i] += n;
    barrier(CLK_LOCAL_MEM_FENCE);
    a[i] += b[i];
}

kernel void groups(global float *a, global const float *b, local float *c)
{
    event_t e = async_work_group_copy(c, b + get_group_id(0) * 64, 64, 0);
    wait_group_events(1, &e);
    a[get_global_id(0)] = c[63 - get_local_id(0)];
}

kernel void positions(global ulong *a)
{
    size_t i = get_global_linear_id();
    a[i] = get_global_id(0) + get_global_id(1) * get_global_size(0) + get_local_id(2) + get_num_groups(1)
        + get_enqueued_local_size(0) + get_global_offset(2) + get_work_dim() + get_local_linear_id();
}
