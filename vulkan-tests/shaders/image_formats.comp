#version 460
// variant r32f: -DFORMAT=r32f -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rg32f: -DFORMAT=rg32f -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rgba32f: -DFORMAT=rgba32f -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant r16f: -DFORMAT=r16f -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rgba16f: -DFORMAT=rgba16f -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rgba8: -DFORMAT=rgba8 -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rgba8_snorm: -DFORMAT=rgba8_snorm -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant r8: -DFORMAT=r8 -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rg16: -DFORMAT=rg16 -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant rgb10_a2: -DFORMAT=rgb10_a2 -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant r11f_g11f_b10f: -DFORMAT=r11f_g11f_b10f -DIMAGE=image2D -DTYPE=vec4 -DBITS=floatBitsToUint
// variant r32ui: -DFORMAT=r32ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant rgba32ui: -DFORMAT=rgba32ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant rgba16ui: -DFORMAT=rgba16ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant rgba8ui: -DFORMAT=rgba8ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant r8ui: -DFORMAT=r8ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant r16ui: -DFORMAT=r16ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant rg32ui: -DFORMAT=rg32ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant rgb10_a2ui: -DFORMAT=rgb10_a2ui -DIMAGE=uimage2D -DTYPE=uvec4 -DBITS=uvec4
// variant r32i: -DFORMAT=r32i -DIMAGE=iimage2D -DTYPE=ivec4 -DBITS=uvec4
// variant rgba16i: -DFORMAT=rgba16i -DIMAGE=iimage2D -DTYPE=ivec4 -DBITS=uvec4
// variant rgba8i: -DFORMAT=rgba8i -DIMAGE=iimage2D -DTYPE=ivec4 -DBITS=uvec4
// Reads each texel, tells it, and puts it in another image turned half round.
layout(local_size_x = 8, local_size_y = 4) in;
layout(binding = 0, FORMAT) readonly uniform IMAGE from;
layout(binding = 1, FORMAT) writeonly uniform IMAGE to;
layout(std430, binding = 2) writeonly buffer Texels { uvec4 texels[]; };
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy), size = imageSize(from);
    if (any(greaterThanEqual(at, size))) return;
    TYPE texel = imageLoad(from, at);
    texels[at.y * size.x + at.x] = BITS(texel);
    imageStore(to, size - 1 - at, texel);
}
