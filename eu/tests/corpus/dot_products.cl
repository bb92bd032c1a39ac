// options: -cl-std=CL3.0
// Dot products of bytes.
#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable

kernel void packed_signed(global int *a, global const uint *b)
{
    size_t i = get_global_id(0);
    a[i] = dot_4x8packed_ss_int(b[i], b[i + 1]) + 3;
}

kernel void packed_mixed(global int *a, global const uint *b)
{
    size_t i = get_global_id(0);
    a[i] = dot_4x8packed_us_int(b[i], b[i + 1]) + dot_4x8packed_su_int(b[i + 2], b[i]);
}

kernel void unpacked(global uint *a, global const uchar4 *b)
{
    size_t i = get_global_id(0);
    a[i] = dot_acc_sat(b[i], b[i + 1], a[i]);
}

kernel void signed_sum(global int *a, global const char4 *b)
{
    size_t i = get_global_id(0);
    int sum = 0;
    for (int k = 0; k < 8; k++)
        sum = dot_acc_sat(b[i + k], b[k], sum);
    a[i] = sum;
}
