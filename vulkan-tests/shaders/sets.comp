#version 460
// Four sets, arrays of buffers, and one buffer in many places.
layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) readonly buffer A { uint a[]; };
layout(std430, set = 1, binding = 0) readonly buffer B { uint b[]; } many[4];
layout(std140, set = 2, binding = 0) uniform C { uvec4 c; };
layout(std430, set = 2, binding = 1) readonly buffer D { uint d[]; };
layout(std430, set = 3, binding = 0) writeonly buffer E { uint e[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    e[i] = a[i] + many[0].b[i] * 3u + many[1].b[i] * 5u + many[2].b[i] * 7u + many[3].b[i] * 11u + c[i & 3u] + d[i];
}
