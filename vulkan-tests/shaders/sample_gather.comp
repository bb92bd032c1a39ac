#version 460
// The four texels round a place, one component of each, also at an offset.
layout(local_size_x = 32) in;
layout(binding = 0) uniform sampler2D image;
layout(std430, binding = 1) readonly buffer Places { vec4 places[]; };
layout(std430, binding = 2) writeonly buffer Colours { vec4 colours[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= places.length()) return;
    vec2 at = places[i].xy;
    colours[i * 4u] = textureGather(image, at, 0);
    colours[i * 4u + 1u] = textureGather(image, at, 2);
    colours[i * 4u + 2u] = textureGatherOffset(image, at, ivec2(2, -1), 1);
    colours[i * 4u + 3u] = textureLodOffset(image, at, 0.0, ivec2(-3, 2));
}
