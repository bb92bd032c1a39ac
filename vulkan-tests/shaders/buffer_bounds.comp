#version 460
// Reads and writes beyond the ends of buffers.
layout(local_size_x = 32) in;
layout(std430, binding = 0) buffer Small { uint small[]; };
layout(binding = 1) uniform Given { uvec4 given[64]; };
layout(std430, binding = 2) writeonly buffer Results { uint results[]; };
layout(push_constant) uniform Far { uint far; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    uint at = i * far;
    results[i * 3u] = small[at];
    results[i * 3u + 1u] = given[min(at, 63u)].x;
    results[i * 3u + 2u] = small.length();
    if (i >= 8u) small[at] = 0xdeadu;
    if (i == 8u) atomicAdd(small[at + 1u], 1u);
}
