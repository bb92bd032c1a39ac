#version 460
// Texels of buffers, read and written by formats.
layout(local_size_x = 32) in;
layout(binding = 0) uniform samplerBuffer floats;
layout(binding = 1) uniform usamplerBuffer bytes;
layout(binding = 2, rgba8) writeonly uniform imageBuffer colours;
layout(binding = 3, r32ui) uniform uimageBuffer counts;
layout(std430, binding = 4) writeonly buffer Results { vec4 results[]; };
void main() {
    int i = int(gl_GlobalInvocationID.x);
    if (i >= textureSize(floats)) return;
    vec4 texel = texelFetch(floats, i);
    results[i] = texel;
    uvec4 parts = texelFetch(bytes, i);
    imageStore(colours, i, vec4(parts.wzyx) / 255.0);
    imageStore(counts, i, uvec4(imageLoad(counts, i).x + uint(imageSize(counts))));
    imageAtomicAdd(counts, i, uint(textureSize(bytes)));
}
