// options: -cl-std=CL3.0
// Images of all dimensions, sampled, read and written.

constant sampler_t NEAREST = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP | CLK_FILTER_NEAREST;
constant sampler_t LINEAR = CLK_NORMALIZED_COORDS_TRUE | CLK_ADDRESS_REPEAT | CLK_FILTER_LINEAR;

kernel void line(read_only image1d_t a, write_only image1d_t b)
{
    int x = get_global_id(0);
    write_imagef(b, x, read_imagef(a, NEAREST, x) + read_imagef(a, LINEAR, x * 0.1f));
}

kernel void line_buffer(read_only image1d_buffer_t a, write_only image1d_buffer_t b)
{
    int x = get_global_id(0);
    write_imageui(b, x, read_imageui(a, x + 1));
}

kernel void lines(read_only image1d_array_t a, write_only image1d_array_t b)
{
    int2 x = (int2)(get_global_id(0), get_global_id(1));
    write_imagei(b, x, read_imagei(a, NEAREST, x));
}

kernel void plane(read_only image2d_t a, write_only image2d_t b, sampler_t s)
{
    int2 x = (int2)(get_global_id(0), get_global_id(1));
    write_imagef(b, x, read_imagef(a, s, convert_float2(x) * 0.5f));
}

kernel void plane_integers(read_only image2d_t a, write_only image2d_t b)
{
    int2 x = (int2)(get_global_id(0), get_global_id(1));
    write_imageui(b, x, read_imageui(a, x) + read_imageui(a, NEAREST, x + 1));
}

kernel void plane_both(read_write image2d_t a)
{
    int2 x = (int2)(get_global_id(0), get_global_id(1));
    float4 v = read_imagef(a, x);
    atomic_work_item_fence(CLK_IMAGE_MEM_FENCE, memory_order_acq_rel, memory_scope_work_item);
    write_imagef(a, x.yx, v * 2.0f);
}

kernel void planes(read_only image2d_array_t a, write_only image2d_array_t b)
{
    int4 x = (int4)(get_global_id(0), get_global_id(1), get_global_id(2), 0);
    write_imagef(b, x, read_imagef(a, LINEAR, convert_float4(x)));
}

kernel void solid(read_only image3d_t a, global float4 *b)
{
    int4 x = (int4)(get_global_id(0), get_global_id(1), get_global_id(2), 0);
    b[get_global_linear_id()] = read_imagef(a, NEAREST, x) + read_imagef(a, LINEAR, convert_float4(x) / 8.0f);
}

kernel void sizes(read_only image3d_t a, read_only image2d_array_t b, global int *c)
{
    c[0] = get_image_width(a) + get_image_height(a) * get_image_depth(a) + get_image_channel_order(a);
    c[1] = get_image_array_size(b) + get_image_dim(b).y + get_image_channel_data_type(b);
}

kernel void blur(read_only image2d_t a, write_only image2d_t b, constant float *w, int n)
{
    int2 x = (int2)(get_global_id(0), get_global_id(1));
    float4 sum = 0;
    for (int i = -n; i <= n; i++)
        for (int j = -n; j <= n; j++)
            sum += w[(i + n) * (2 * n + 1) + j + n] * read_imagef(a, NEAREST, x + (int2)(i, j));
    write_imagef(b, x, sum);
}
