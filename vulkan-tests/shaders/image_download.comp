#version 460
#extension GL_EXT_shader_image_load_formatted : require
// variant 1d: -DSAMPLED=texture1D -DAT=at.x -DBITS=floatBitsToUint
// variant 2d: -DSAMPLED=texture2D -DAT=at.xy -DBITS=floatBitsToUint
// variant 3d: -DSAMPLED=texture3D -DAT=at -DBITS=floatBitsToUint
// variant 1d_array: -DSAMPLED=texture1DArray -DAT=at.xz -DBITS=floatBitsToUint
// variant 2d_array: -DSAMPLED=texture2DArray -DAT=at -DBITS=floatBitsToUint
// variant u2d: -DSAMPLED=utexture2D -DAT=at.xy -DBITS=uvec4
// variant i2d: -DSAMPLED=itexture2D -DAT=at.xy -DBITS=uvec4
#extension GL_EXT_samplerless_texture_functions : require
// Texels of an image of any format into a buffer: four dwords for each.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform SAMPLED image;
layout(std430, binding = 1) writeonly buffer Texels { uvec4 texels[]; };
layout(push_constant) uniform Size { uvec3 size; };
void main() {
    uvec3 number = gl_GlobalInvocationID;
    if (any(greaterThanEqual(number, size))) return;
    ivec3 at = ivec3(number);
    texels[(number.z * size.y + number.y) * size.x + number.x] = BITS(texelFetch(image, AT, 0));
}
