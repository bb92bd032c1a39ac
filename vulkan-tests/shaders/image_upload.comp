#version 460
#extension GL_EXT_shader_image_load_formatted : require
// variant 1d: -DIMAGE=image1D -DAT=at.x -DTYPE=vec4 -DVALUE=uintBitsToFloat
// variant 2d: -DIMAGE=image2D -DAT=at.xy -DTYPE=vec4 -DVALUE=uintBitsToFloat
// variant 3d: -DIMAGE=image3D -DAT=at -DTYPE=vec4 -DVALUE=uintBitsToFloat
// variant 1d_array: -DIMAGE=image1DArray -DAT=at.xz -DTYPE=vec4 -DVALUE=uintBitsToFloat
// variant 2d_array: -DIMAGE=image2DArray -DAT=at -DTYPE=vec4 -DVALUE=uintBitsToFloat
// variant u2d: -DIMAGE=uimage2D -DAT=at.xy -DTYPE=uvec4 -DVALUE=uvec4
// variant i2d: -DIMAGE=iimage2D -DAT=at.xy -DTYPE=ivec4 -DVALUE=ivec4
// Texels out of a buffer into an image of any format: four dwords for each.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) writeonly uniform IMAGE image;
layout(std430, binding = 1) readonly buffer Texels { uvec4 texels[]; };
layout(push_constant) uniform Size { uvec3 size; };
void main() {
    uvec3 number = gl_GlobalInvocationID;
    if (any(greaterThanEqual(number, size))) return;
    ivec3 at = ivec3(number);
    imageStore(image, AT, TYPE(VALUE(texels[(number.z * size.y + number.y) * size.x + number.x])));
}
