// options: -cl-std=CL3.0
// What channels of a thread do with each other, with 8, 16 and 32 of them.
#pragma OPENCL EXTENSION cl_intel_subgroups : enable
#pragma OPENCL EXTENSION cl_intel_subgroups_short : enable
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

#define WIDTH(N) __attribute__((intel_reqd_sub_group_size(N)))

#define KERNELS(N)                                                              \
    WIDTH(N) kernel void reduce_##N(global int *a, global float *b)             \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        a[i] = sub_group_reduce_add(a[i]) + sub_group_reduce_max(a[i + 1]);     \
        b[i] = sub_group_reduce_min(b[i]) * sub_group_reduce_add(b[i + 1]);     \
    }                                                                           \
    WIDTH(N) kernel void scan_##N(global int *a, global float *b)               \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        a[i] = sub_group_scan_inclusive_add(a[i]);                              \
        b[i] = sub_group_scan_exclusive_max(b[i]);                              \
    }                                                                           \
    WIDTH(N) kernel void shuffle_##N(global int *a, global half *b)             \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        int x = a[i];                                                           \
        x += intel_sub_group_shuffle(x, a[i + 1] & 7);                          \
        x ^= intel_sub_group_shuffle_xor(x, 1);                                 \
        x += intel_sub_group_shuffle_down(x, a[0], 1) - intel_sub_group_shuffle_up(a[1], x, 2); \
        a[i] = x;                                                               \
        b[i] = intel_sub_group_shuffle(b[i], 3);                                \
    }                                                                           \
    WIDTH(N) kernel void votes_##N(global int *a)                               \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        int x = a[i];                                                           \
        if (sub_group_any(x > 5))                                               \
            x = sub_group_broadcast(x, 2);                                      \
        if (sub_group_all(x < 3))                                               \
            x += get_sub_group_local_id() + get_sub_group_id() + get_max_sub_group_size(); \
        sub_group_barrier(CLK_LOCAL_MEM_FENCE);                                 \
        a[i] = x;                                                               \
    }                                                                           \
    WIDTH(N) kernel void work_group_##N(global int *a)                          \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        a[i] = work_group_scan_inclusive_add(a[i]) + work_group_any(a[i] == 3); \
    }                                                                           \
    WIDTH(N) kernel void matrix_##N(global float *a, global const float *b, global const float *c, int n) \
    {                                                                           \
        int i = get_global_id(0), j = get_global_id(1) * 8;                     \
        float sum[8] = { 0 };                                                   \
        for (int k = 0; k < n; k += N) {                                        \
            float x = b[j * n + k + get_sub_group_local_id()];                  \
            for (int l = 0; l < N; l++)                                         \
                for (int r = 0; r < 8; r++)                                     \
                    sum[r] = mad(sub_group_broadcast(x, l), c[(k + l) * n + i + r], sum[r]); \
        }                                                                       \
        for (int r = 0; r < 8; r++)                                             \
            a[(j + r) * n + i] = sum[r];                                        \
    }

#define BLOCKS(N)                                                               \
    WIDTH(N) kernel void blocks_##N(global uint *a, global const uint *b, global ushort *c) \
    {                                                                           \
        size_t i = get_group_id(0) * 64;                                        \
        intel_sub_group_block_write4(a + i, intel_sub_group_block_read4(b + i)); \
        intel_sub_group_block_write(a + i + 7, intel_sub_group_block_read(b + i)); \
        intel_sub_group_block_write_us2(c + i, intel_sub_group_block_read_us2(c + i + 64)); \
    }                                                                           \
    WIDTH(N) kernel void image_blocks_##N(read_only image2d_t a, write_only image2d_t b) \
    {                                                                           \
        int2 x = (int2)(get_group_id(0) * 32, get_group_id(1));                 \
        intel_sub_group_block_write2(b, x, intel_sub_group_block_read2(a, x));  \
    }

KERNELS(8) KERNELS(16) KERNELS(32)
// Not of 32 channels.
BLOCKS(8) BLOCKS(16)
